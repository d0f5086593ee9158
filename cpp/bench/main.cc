// tpb_bench: measures the library. `tpb bench` runs it, and adds what Python measures.
//   tpb_bench encode   stdin: ticks (tick_stream.h)
//   tpb_bench send     stdin: endpoint and token as texts, then ticks
// One JSON object on stdout; a sentence on stderr and 1 when it could not measure.
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "encode.h"
#include "send.h"
#include "tick_stream.h"

#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#endif

namespace tpb::bench {
namespace {

nlohmann::ordered_json Measure(std::string_view what, std::istream& in) {
  if (what == "encode") return MeasureEncoding(ReadTicks(in));
  const std::string endpoint = ReadText(in);
  const std::string token = ReadText(in);
  return MeasureSending(ReadTicks(in), endpoint, token);
}

}  // namespace
}  // namespace tpb::bench

int main(int count, char** arguments) {
  const std::string_view what = count == 2 ? arguments[1] : "";
  if (what != "encode" && what != "send") {
    std::cerr << "usage: tpb_bench encode|send < ticks\n";
    return 2;
  }
#if defined(_WIN32)
  _setmode(_fileno(stdin), _O_BINARY);
#endif
  std::ios::sync_with_stdio(false);
  try {
    std::cout << tpb::bench::Measure(what, std::cin).dump(2) << '\n';
    return 0;
  } catch (const std::exception& exception) {
    std::cerr << "tpb_bench: " << exception.what() << '\n';
    return 1;
  }
}
