#include "tick_stream.h"

#include <map>
#include <stdexcept>

namespace tpb::bench {
namespace {

constexpr std::uint32_t kMaxTextBytes = 1 << 20;
constexpr std::uint32_t kMaxRunTicks = 1 << 20;

std::uint32_t ReadU32(std::istream& in) {
  std::uint32_t value = 0;
  if (!in.read(reinterpret_cast<char*>(&value), sizeof(value))) {
    throw std::runtime_error("the input ends in the middle of a number");
  }
  return value;
}

bool AtEnd(std::istream& in) { return in.peek() == std::istream::traits_type::eof(); }

}  // namespace

std::string ReadText(std::istream& in) {
  const std::uint32_t bytes = ReadU32(in);
  if (bytes > kMaxTextBytes) throw std::runtime_error("a text is too long");
  std::string text(bytes, '\0');
  if (!in.read(text.data(), bytes)) throw std::runtime_error("the input ends in a text");
  return text;
}

TickStream ReadTicks(std::istream& in) {
  TickStream stream;
  std::map<std::string, std::uint32_t> index_of;
  std::vector<std::int64_t> newest;
  std::vector<Tick> run;
  while (!AtEnd(in)) {
    const std::string name = ReadText(in);
    const auto next = static_cast<std::uint32_t>(stream.symbols.size());
    const auto [found, is_new] = index_of.try_emplace(name, next);
    if (is_new) {
      stream.symbols.push_back(name);
      newest.push_back(0);
    }
    const std::uint32_t count = ReadU32(in);
    if (count > kMaxRunTicks) throw std::runtime_error("a run of ticks is too long");
    run.resize(count);
    const auto bytes = static_cast<std::streamsize>(count * sizeof(Tick));
    if (!in.read(reinterpret_cast<char*>(run.data()), bytes)) {
      throw std::runtime_error("the input ends in a run of ticks");
    }
    for (const Tick& tick : run) {
      stream.items.push_back({found->second, tick, ++newest[found->second]});
    }
  }
  if (stream.items.empty()) throw std::runtime_error("the input holds no ticks");
  return stream;
}

}  // namespace tpb::bench
