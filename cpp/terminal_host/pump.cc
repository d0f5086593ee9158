#include "pump.h"

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

#include "output.h"

namespace terminal {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::uint32_t kEnd = 0xffffffff;
constexpr std::uint32_t kCursor = 0xfffffffe;
constexpr std::uint32_t kToken = 0xfffffffd;
constexpr std::uint32_t kFlush = 0xfffffffc;
constexpr std::uint32_t kMaxConfig = 1 << 20;
constexpr std::uint32_t kMaxSymbol = 1024;
constexpr milliseconds kStatusEvery{200};
constexpr milliseconds kFullWait{5};
constexpr milliseconds kPoll{2};
constexpr std::int32_t kCloseMs = 1000;

bool Read(void* place, std::size_t bytes) { return std::fread(place, 1, bytes, stdin) == bytes; }

std::optional<std::uint32_t> ReadNumber() {
  std::uint32_t number = 0;
  if (!Read(&number, sizeof number)) return std::nullopt;
  return number;
}

std::optional<std::string> ReadString(std::uint32_t bytes) {
  std::string text(bytes, '\0');
  if (!Read(text.data(), bytes)) return std::nullopt;
  return text;
}

// Prints a session's status again and again while it lives.
class StatusPrinter {
 public:
  StatusPrinter(const Library& library, TpbHandle handle)
      : thread_([this, &library, handle] { Run(library, handle); }) {}

  ~StatusPrinter() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    stopped_.notify_one();
    thread_.join();
  }

 private:
  void Run(const Library& library, TpbHandle handle) {
    std::unique_lock lock(mutex_);
    while (!stopped_.wait_for(lock, kStatusEvery, [this] { return stop_; })) {
      boost::json::object line = boost::json::parse(library.StatusJson(handle)).as_object();
      line["event"] = "status";
      Print(line);
    }
  }

  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;
};

// Sends one chunk, waiting while the outbox is full. Returns a result code.
std::int32_t SendAll(const Library& library, TpbHandle handle, const std::string& symbol,
                     const std::vector<TpbTick>& ticks) {
  const std::u16string name = ToUtf16(symbol);
  for (;;) {
    const std::int32_t result = library.TpbSendTicks(handle, Text(name), ticks.data(),
                                                     static_cast<std::int32_t>(ticks.size()));
    if (result != TPB_E_OUTBOX_FULL) return result;
    std::this_thread::sleep_for(kFullWait);
  }
}

bool BrokenOff() {
  PrintError(TPB_E_INVALID_ARGUMENT, "stdin broke off, or holds no chunk of ticks");
  return false;
}

// The text of an order or a chunk; nothing when the input broke off or is none.
std::optional<std::string> ReadText(std::optional<std::uint32_t> bytes, std::uint32_t most) {
  return bytes && *bytes <= most ? ReadString(*bytes) : std::nullopt;
}

bool PrintCursor(const Library& library, TpbHandle handle) {
  const std::optional<std::string> symbol = ReadText(ReadNumber(), kMaxSymbol);
  if (!symbol) return BrokenOff();
  std::int64_t time_msc = 0;
  std::int32_t count = 0;
  const std::int32_t known = library.TpbCursor(handle, Text(ToUtf16(*symbol)), &time_msc, &count);
  if (known < 0) return PrintError(known, library.LastError(handle)) == 0;
  Print({{"event", "cursor"},
         {"symbol", *symbol},
         {"known", known == 1},
         {"time_msc", time_msc},
         {"count", count},
         {"status", boost::json::parse(library.StatusJson(handle))}});
  return true;
}

bool RenewToken(const Library& library, TpbHandle handle) {
  const std::optional<std::string> token = ReadText(ReadNumber(), kMaxConfig);
  if (!token) return BrokenOff();
  const std::int32_t result = library.TpbSetToken(handle, Text(ToUtf16(*token)));
  return result == TPB_OK || PrintError(result, library.LastError(handle)) == 0;
}

bool SendChunk(const Library& library, TpbHandle handle,
               std::optional<std::uint32_t> symbol_bytes) {
  const std::optional<std::string> symbol = ReadText(symbol_bytes, kMaxSymbol);
  const std::optional<std::uint32_t> count = symbol ? ReadNumber() : std::nullopt;
  if (!count || *count > TPB_MAX_TICKS) return BrokenOff();
  std::vector<TpbTick> ticks(*count);
  if (!Read(ticks.data(), ticks.size() * sizeof(TpbTick))) return BrokenOff();
  const std::int32_t result = SendAll(library, handle, *symbol, ticks);
  return result >= 0 || PrintError(result, library.LastError(handle)) == 0;
}

// Does what stdin says until the end of the stream. False when the input broke off or a call
// failed, which has been printed.
bool Obey(const Library& library, TpbHandle handle) {
  for (;;) {
    const std::optional<std::uint32_t> order = ReadNumber();
    if (order == kEnd) return true;
    const bool done = order == kCursor  ? PrintCursor(library, handle)
                      : order == kToken ? RenewToken(library, handle)
                      : order == kFlush ? library.TpbFlush(handle) >= 0
                                        : SendChunk(library, handle, order);
    if (!done) return false;
  }
}

void Drain(const Library& library, TpbHandle handle, milliseconds limit) {
  library.TpbFlush(handle);
  const steady_clock::time_point deadline = steady_clock::now() + limit;
  for (;;) {
    const TpbStatusInfo status = library.Status(handle);
    if (status.ticks_acknowledged == status.ticks_accepted || status.state == TPB_STATE_HALTED ||
        steady_clock::now() >= deadline) {
      return;
    }
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace

std::optional<std::string> ReadConfig() {
  const std::optional<std::uint32_t> bytes = ReadNumber();
  return bytes && *bytes <= kMaxConfig ? ReadString(*bytes) : std::nullopt;
}

int Pump(const Library& library) {
  const std::optional<std::string> config = ReadConfig();
  if (!config) return PrintError(TPB_E_INVALID_ARGUMENT, "stdin holds no config");
  TpbHandle handle = 0;
  const std::int32_t opened = library.TpbOpen(Text(ToUtf16(*config)), &handle);
  if (opened < 0) return PrintError(opened, library.LastError(handle));
  Print({{"event", "open"}, {"abi_version", library.TpbAbiVersion()}});

  bool complete = false;
  {
    const StatusPrinter printer(library, handle);
    complete = Obey(library, handle);
    if (complete) Drain(library, handle, milliseconds(ReadNumber().value_or(0)));
  }
  const boost::json::value status = boost::json::parse(library.StatusJson(handle));
  const std::int32_t unacknowledged = library.TpbClose(handle, kCloseMs);
  Print({{"event", "closed"}, {"unacknowledged", unacknowledged}, {"status", status}});
  return complete ? 0 : 1;
}

}  // namespace terminal
