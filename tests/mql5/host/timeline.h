// The script's time: it fires timers, moves the market and tells the experts of ticks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "host/expert.h"
#include "prelude/structs.h"

namespace host {

using Experts = std::vector<std::unique_ptr<Expert>>;

// A tick of the script, as its file holds it.
#pragma pack(push, 1)
struct ScriptedTick {
  char symbol[32];  // UTF-8, filled with zeros
  mql5::MqlTick tick;
};
#pragma pack(pop)

std::vector<ScriptedTick> read_script(const std::filesystem::path& file);

// Moves the clock on and fires the timers that become due.
void run_until(const Experts& experts, std::int64_t us);

// Lets the ticks come in, each at its time. Where nothing comes for longer than `idle_ms`, timers
// fire for so long only and the clock jumps: a night passes quickly.
void play(const Experts& experts, const std::vector<ScriptedTick>& script, std::int64_t idle_ms);

}  // namespace host
