// Shows the rules that the form chooses, and what is said of them elsewhere on the page.
(function () {
    'use strict';
    var form = document.getElementById('filters');
    var rows = Array.from(document.querySelectorAll('tr[data-verdict]'));
    var others = Array.from(document.querySelectorAll('[data-rule]:not(tr)'));
    var said = {};

    function add(element) {
        var rule = element.dataset.rule;
        said[rule] = (said[rule] || '') + ' ' + element.textContent.toLowerCase();
    }

    function checked(name) {
        return Array.from(form.querySelectorAll('input[name="' + name + '"]:checked')).map(function (input) {
            return input.value;
        });
    }

    function isWhole(selector, member) {
        document.querySelectorAll(selector).forEach(function (section) {
            section.hidden = !Array.from(section.querySelectorAll(member)).some(function (element) {
                return !element.hidden;
            });
        });
    }

    function apply() {
        var levels = checked('level'), verdicts = checked('verdict'), shown = {}, count = 0;
        var differ = form.elements.differ && form.elements.differ.checked;
        var words = form.elements.words.value.toLowerCase().split(/\s+/);

        rows.forEach(function (row) {
            var found = row.dataset.verdict.split(',').some(function (verdict) {
                return verdicts.includes(verdict);
            });
            row.hidden = !found || differ && !row.dataset.verdict.includes(',') ||
                !levels.includes(row.dataset.level) || !words.every(function (word) {
                return said[row.dataset.rule].includes(word);
            });
            shown[row.dataset.rule] = !row.hidden;
            count += !row.hidden;
        });
        others.forEach(function (element) {
            if (element.parentElement.className === 'cells')
                element.classList.toggle('dim', !shown[element.dataset.rule]);
            else
                element.hidden = !shown[element.dataset.rule];
        });
        isWhole('section.chapter', 'tr[data-verdict]');
        isWhole('.others', '[data-rule]');
        isWhole('.cause', '[data-rule]');
        isWhole('#failures', '[data-rule]');
        isWhole('#unknown', 'li');
        form.querySelector('output').value = count + ' of ' + rows.length + ' rules';
    }

    // What a link leads to may be folded, or left out.
    function open() {
        var target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
        var at = target;

        if (!target)
            return;
        if (target.closest('[hidden]')) {
            form.reset();
            apply();
        }
        for (; at; at = at.parentElement)
            if (at.tagName === 'DETAILS')
                at.open = true;
        if (target.tagName === 'TR' && target.querySelector('details'))
            target.querySelector('details').open = true;
        target.scrollIntoView();
    }

    rows.concat(others).forEach(add);
    form.hidden = false;
    form.addEventListener('input', apply);
    form.addEventListener('submit', function (event) { event.preventDefault(); });
    form.addEventListener('reset', function () { setTimeout(apply); });
    window.addEventListener('hashchange', open);
    window.addEventListener('beforeprint', function () {
        document.querySelectorAll('.failure details').forEach(function (details) { details.open = true; });
    });
    apply();
    open();
})();
