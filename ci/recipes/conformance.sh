#!/bin/sh
# conformance.sh NAME OPTION...: checks a runtime with `conform OPTION...`, writes reports to report/ (NAME.json, NAME.xml
# for JUnit, NAME.html, and a badge), and compares them with those of an earlier run in baseline/. Exit status: 0 nothing
# has become worse, or there is no baseline; 1 something has; 2 could not tell.
set -u
name=$1
shift
mkdir -p report/badges

conform "$@" --format json --output "report/$name.json" --also "junit=report/$name.xml" --also "html=report/$name.html"
[ -s "report/$name.json" ] || exit 2
conform-matrix "$name=report/$name.json" -o "report/$name-matrix.html" --badges report/badges || exit 2

if [ -s "baseline/$name.json" ]; then
    conform-compare "baseline/$name.json" "report/$name.json"
else
    echo "There is no baseline of $name yet."
fi
