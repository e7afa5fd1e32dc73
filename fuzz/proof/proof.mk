# proof.mk: builds what ci/fuzz-proof tries: the echo server and the fuzz targets, on a runtime that is broken as
# MIOU_MUTANT says. It adds to the Makefile and is used from the root: make -f fuzz/proof/proof.mk B=... FILE...
#
# The broken runtime is one object that exports what ref/'s does. Inside are the saboteur, with the mutants of the
# server added to its own; below it the true runtime, its functions renamed to ref_miou_...; and what joins them,
# runtime.c. It is built twice:
#
#     broken.o      on the operating system, for the attack
#     broken_sim.o  on the simulated system of fuzz/sim, for the fuzz targets: SIM_REF=.../broken_sim.o
#
# ALONE holds the flags for saboteurs in a process with only one thread. The patches of ref/mutants/ are not built here:
# each has programs of its own, see ci/patched.

include Makefile

PROOF     := $(patsubst %,$(B)/fuzz/proof/%.o,server control)
SABOTEURS := $(SABOTEUR:%.c=$(B)/%.o) $(PROOF)
proof     := $(B)/fuzz/proof/

$(proof)%.o: private FLAGS += -I$(proof)
$(SABOTEURS): private FLAGS += $(ALONE)

# ---- the true runtime, its functions renamed

$(proof)names: $(B)/exports
	@mkdir -p $(@D)
	@sed 's/.*/& ref_&/' $< > $@

$(proof)ref.o: $(REF_OBJ) $(proof)names
	@$(CC) -r -nostdlib -o $@ $(REF_OBJ) $(CONTEXT)
	@objcopy --redefine-syms=$(proof)names $@

$(proof)ref_sim.o: $(REF_OBJ) $(proof)names
	@$(CC) -r -nostdlib -o $@ $(filter-out %/system_posix.o,$(REF_OBJ))
	@objcopy --redefine-syms=$(proof)names $@

# ---- the saboteurs. They have memory of their own, see memory.c, so that it does not count as the server's.

OWN := malloc calloc free

$(proof)saboteurs.o: $(SABOTEURS)
	@$(CC) -r -nostdlib -o $@ $^
	@objcopy $(foreach f,$(OWN) miou_unix_run,--redefine-sym $f=saboteur_$f) $@

# In the simulated build, saboteurs may call only these harmless functions of libc: any other is replaced by one that
# ends the process, see again.c. Their variables get sections of their own, so that they can be reset after each run.
HARMLESS   := __errno_location fprintf getenv memset memcpy memmove memcmp strcmp strlen strnlen \
              snprintf stderr sigemptyset sigaddset pthread_self pthread_mutex_trylock \
              pthread_mutex_unlock interface_open _GLOBAL_OFFSET_TABLE_ $(OWN:%=saboteur_%)
REMEMBERED := .data .data.rel .data.rel.local

$(proof)saboteurs_sim.o: $(proof)saboteurs.o
	@nm -u $< | sed 's/^ *U //' | grep -vxF -e abort -e pthread_mutex_lock $(HARMLESS:%=-e %) \
	    > $(proof)outside
	@sed 's/.*/OUTSIDE(&)/' $(proof)outside > $(proof)outside.def
	@sed 's/.*/& outside_&/' $(proof)outside > $(proof)outside.names
	@objcopy --redefine-syms=$(proof)outside.names --redefine-sym abort=saboteur_abort \
	    --redefine-sym pthread_mutex_lock=saboteur_mutex_lock --rename-section .bss=saboteur_bss \
	    $(REMEMBERED:%=--rename-section %=saboteur_data) $< $@

$(proof)again.o: $(proof)saboteurs_sim.o

# ---- both in one object, and what is built with it

$(proof)broken.o: $(proof)saboteurs.o $(patsubst %,$(proof)%.o,memory runtime ref)
	$(Q)$(CC) -r -nostdlib -o $@ $^
	@objcopy --keep-global-symbols=$(B)/exports $@

$(proof)broken_sim.o: $(proof)saboteurs_sim.o $(patsubst %,$(proof)%.o,memory runtime ref_sim again)
	$(Q)$(CC) -r -nostdlib -o $@ $^
	@objcopy --keep-global-symbols=$(B)/exports -G __wrap_sim_begin $@

$(B)/broken-echo: $(B)/ref/echo.o $(B)/ref/echo_main.o $(proof)broken.o
	$(LINK) $^

# Lists the mutants, a line each.
$(B)/proof-mutants: $(B)/fuzz/proof/list.o $(SABOTEURS) $(B)/conformance/driver/interface.o
	$(LINK) $^ -ldl
