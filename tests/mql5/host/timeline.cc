#include "host/timeline.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <limits>
#include <stdexcept>

#include "host/moment.h"
#include "host/ticks.h"

namespace host {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::int64_t timer_due_us(const Expert& expert) {
  if (!expert.is_running() || expert.timer_interval_us == 0) return kNever;
  return std::max(expert.timer_due_us, expert.busy_until_us);
}

// All that are due run at once, each on its thread. A timer that was missed is not made up for.
void fire_timers(const Experts& experts) {
  const std::int64_t now = now_us();
  for (const auto& expert : experts) {
    if (timer_due_us(*expert) > now) continue;
    expert->timer_due_us = now + expert->timer_interval_us;
    expert->post_timer();
  }
  for (const auto& expert : experts) expert->wait();
}

}  // namespace

std::vector<ScriptedTick> read_script(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::invalid_argument("cannot read " + file.string());
  std::vector<ScriptedTick> script(std::filesystem::file_size(file) / sizeof(ScriptedTick));
  stream.read(reinterpret_cast<char*>(script.data()),
              static_cast<std::streamsize>(script.size() * sizeof(ScriptedTick)));
  return script;
}

void run_until(const Experts& experts, std::int64_t us) {
  while (true) {
    std::int64_t next = kNever;
    for (const auto& expert : experts) next = std::min(next, timer_due_us(*expert));
    if (next > us) break;
    advance_to(next);
    fire_timers(experts);
  }
  advance_to(us);
}

void play(const Experts& experts, const std::vector<ScriptedTick>& script, std::int64_t idle_ms) {
  for (const ScriptedTick& each : script) {
    const std::int64_t due_us = each.tick.time_msc * 1000;
    run_until(experts, std::min(due_us, now_us() + idle_ms * 1000));
    advance_to(due_us);
    const mql5::string symbol =
        mql5::text_of(std::string(each.symbol, strnlen(each.symbol, sizeof(each.symbol))));
    ticks().append(symbol, each.tick, false);
    // Not queued while one runs: an expert that is busy never hears of this tick.
    for (const auto& expert : experts) {
      if (expert->symbol == symbol && due_us >= expert->busy_until_us) expert->post_tick();
    }
    for (const auto& expert : experts) expert->wait();
  }
}

}  // namespace host
