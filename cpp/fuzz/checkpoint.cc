// What a journal's records hold: a checkpoint of the symbols, then pieces of batches.
#include <vector>

#include "input.h"
#include "session/symbols.h"
#include "wire/batch_reader.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tpb::fuzz::Require;
  tpb::fuzz::Input input({data, size});
  tpb::Symbols symbols;
  const bool read = symbols.Read(input.Bytes(input.Number16()));
  Require(read || symbols.size() == 0);

  const auto replay = [&](const tpb::wire::ReadTick& tick) {
    if (!symbols.Replay(tick.symbol, tick.sequence_number, tick.time_msc)) return;
    const tpb::Symbol* const symbol = symbols.Seen(tick.symbol);
    Require(symbol != nullptr && symbol->newest_sequence >= tick.sequence_number);
    const tpb::Cursor cursor = symbol->cursor;
    Require(symbols.Replay(tick.symbol, tick.sequence_number, tick.time_msc));
    Require(symbol->cursor == cursor);  // found a second time, it changes nothing
  };
  tpb::wire::ReadTicks(input.Rest(), replay);

  std::vector<std::byte> written;
  symbols.Write(written);
  Require(written.size() <= tpb::Symbols::MaxBytes(symbols.size()));
  tpb::Symbols again;
  Require(again.Read(written) && again.size() == symbols.size());
  return 0;
}
