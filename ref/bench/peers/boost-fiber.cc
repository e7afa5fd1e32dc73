// Boost.Fiber as a peer of the benchmark: its tasks.
#include <boost/fiber/all.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

static double now()
{
    timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return double(t.tv_sec) * 1e9 + double(t.tv_nsec);
}

static void yield_in_turn(size_t turns)
{
    auto yield = [turns] {
        for (size_t i = 0; i < turns / 2; i++)
            boost::this_fiber::yield();
    };
    boost::fibers::fiber one(yield), two(yield);

    one.join();
    two.join();
}

static void spawn_and_join(size_t turns, size_t count)
{
    std::vector<boost::fibers::fiber> fibers;

    for (size_t done = 0; done < turns; done += count) {
        for (size_t i = 0; i < count; i++)
            fibers.emplace_back([] {});
        for (auto &fiber : fibers)
            fiber.join();
        fibers.clear();
    }
}

int main(int argc, char **argv)
{
    enum { TURNS = 100000, MOST = 10000 /* each has a stack of its own from the start */ };
    size_t count = argc > 2 ? strtoul(argv[2], nullptr, 10) : 0;
    double start = now();

    if (argc < 2 || !strcmp(argv[1], "echo") || count > MOST)
        return 2;
    if (!strcmp(argv[1], "yield"))
        yield_in_turn(TURNS);
    else
        spawn_and_join(TURNS, count > 0 ? count : 1);
    std::printf("%.1f\n", (now() - start) / TURNS);
}
