#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/tick.h"
#include "wire/batch_writer.h"

namespace tpb::wire {

// What goes into one batch.
struct BatchInput {
  struct Item {
    std::string symbol;
    Tick tick{};
    std::int64_t sequence_number = 0;
  };

  std::string tenant_id;
  Stamp stamp = Stamp::kTick;
  std::vector<Item> items;
  std::int64_t batch_sequence = 0;
  std::int64_t batch_unix_ms = 0;
};

// The frame as libprotobuf serialises it from generated message objects.
std::string SerializedByProtobuf(const BatchInput& input);

// The frame as BatchWriter builds it.
std::string WrittenDirectly(const BatchInput& input);

// Adds every tick of the input.
void AddAll(BatchWriter& writer, const BatchInput& input);

std::string ToString(std::span<const std::byte> bytes);

}  // namespace tpb::wire
