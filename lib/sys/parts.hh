// Work on many VPSes at once, on as many CPUs as the process may use.
#pragma once

#include <sched.h>

#include <algorithm>
#include <cstddef>
#include <system_error>
#include <thread>
#include <vector>

namespace vps {

// The CPUs that the process may run on (sched_getaffinity(2)); 1 where the number is not known.
inline unsigned usable_cpus() {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 1;
}

// Calls work(first, end), which must not throw, for adjacent parts of 0…count at the same time, and
// returns their results in the order of the parts. No part is so small that to start a thread takes
// longer than its work.
template <typename Work>
auto in_parts(std::size_t count, const Work& work) {
    constexpr std::size_t kSmallest = 128;
    const std::size_t parts =
        std::clamp<std::size_t>(count / kSmallest, 1, std::min(usable_cpus(), 8U));
    std::vector<decltype(work(count, count))> results(parts);
    const auto run = [&](std::size_t part) {
        results[part] = work(part * count / parts, (part + 1) * count / parts);
    };
    std::vector<std::thread> threads;
    std::size_t started = 1;
    try {
        for (; started < parts; ++started)
            threads.emplace_back(run, started);
    } catch (const std::system_error&) {
        // The process gets no more threads: this one does the rest.
    }
    run(0);
    for (; started < parts; ++started)
        run(started);
    for (std::thread& thread : threads)
        thread.join();
    return results;
}

}  // namespace vps
