/* fuzz_echo: executes the echo server in the simulated system, with the traffic and the choices
 * that the input describes. */
#include "echo.h"
#include "sim/sim.h"
#include "target.h"
#include "traffic.h"

#include <string.h>

enum {
    STACK = 32 << 10, /* bytes: few, since the address sanitizer clears them */
    AUDIT = 256,      /* executions between two checks of the simulated memory */
};

struct execution {
    struct echo echo;
    struct traffic traffic;
};

static void announce(const struct echo *echo)
{
    struct execution *execution = (struct execution *)(uintptr_t)echo;

    traffic_open(&execution->traffic, ntohs(echo->address.v4.sin_port));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct execution execution;
    static unsigned count;
    struct traffic *traffic = &execution.traffic;

    sim_audits = count++ % AUDIT == 0;
    traffic_begin(traffic, data, size);
    execution.echo = (struct echo){.address.v4 = {.sin_family = AF_INET},
                                   .options = {.domains = traffic->server.domains - 1,
                                               .stack_size = STACK,
                                               .choose = traffic->steered ? traffic_choose : NULL,
                                               .choose_state = traffic},
                                   .announce = announce};
    traffic_end(traffic, echo_run(&execution.echo));
    return 0;
}

void fuzz_show(const uint8_t *data, size_t size)
{
    sim_speaks = true;
    LLVMFuzzerTestOneInput(data, size);
    sim_speaks = false;
}

size_t fuzz_make(uint8_t *bytes, size_t room, uint32_t (*chance)(void))
{
    return input_make(bytes, room, chance);
}
