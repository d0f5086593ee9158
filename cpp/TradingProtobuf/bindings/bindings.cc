// The Python module tpb._core: sessions and NumPy arrays of ticks. Python's side is tpb/session.py.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "session/session.h"

namespace py = pybind11;

namespace tpb {
namespace {

// Raises the exception of tpb.exceptions that stands for the code.
void Check(const Error& error) {
  if (!error) return;
  const py::object exception =
      py::module_::import("tpb.exceptions")
          .attr("from_code")(static_cast<std::int32_t>(error.code), error.text);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
  throw py::error_already_set();
}

class PySession {
 public:
  explicit PySession(const std::string& config) {
    Options options;
    Check(ParseOptions(config, options));
    Error error;
    {
      const py::gil_scoped_release released;  // a journal is read
      session_ = Session::Open(std::move(options), error);
    }
    Check(error);
  }

  // One contiguous array of TICK_DTYPE, which session.py has made sure of.
  std::int64_t Send(const std::string& symbol, const py::array& ticks) {
    if (ticks.ndim() != 1 || ticks.itemsize() != static_cast<py::ssize_t>(sizeof(Tick)) ||
        (ticks.flags() & py::array::c_style) == 0) {
      throw py::type_error("ticks must be a contiguous array of tpb.TICK_DTYPE");
    }
    const auto count = static_cast<std::size_t>(ticks.size());
    const std::span<const Tick> span(static_cast<const Tick*>(ticks.data()), count);
    Error error;
    {
      const std::shared_ptr<Session> session = Open();
      const py::gil_scoped_release released;
      error = session->SendTicks(symbol, span);
    }
    Check(error);
    return ticks.size();
  }

  std::int32_t Flush() { return Open()->Flush(); }

  void SetToken(const std::string& text) {
    Token token;
    Check(ParseToken(text, token));
    Check(Open()->SetToken(std::move(token)));
  }

  py::dict GetStatus() const {
    py::dict fields;
    const Status status = session_->GetStatus();
    ForEachField(status, [&](const char* name, const auto& value) {
      if constexpr (std::is_enum_v<std::remove_cvref_t<decltype(value)>>) {
        fields[name] = static_cast<std::int32_t>(value);
      } else {
        fields[name] = value;
      }
    });
    fields["state_name"] = Name(status.state);
    return fields;
  }

  // (time_msc, count), or None.
  std::optional<std::pair<std::int64_t, std::int32_t>> GetCursor(const std::string& symbol) const {
    const std::optional<Cursor> cursor = session_->GetCursor(symbol);
    if (!cursor) return std::nullopt;
    return std::pair(cursor->time_msc, cursor->count);
  }

  std::int32_t Subscribe(const std::string& symbol, const std::string& timeframe) {
    std::int32_t number = 0;
    Error error;
    {
      const std::shared_ptr<Session> session = Open();
      const py::gil_scoped_release released;  // the first one reads the cache
      error = session->market().Subscribe(symbol, timeframe, number);
    }
    Check(error);
    return number;
  }

  void Unsubscribe(const std::string& symbol, const std::string& timeframe) {
    Check(Open()->market().Unsubscribe(symbol, timeframe));
  }

  // (symbol, timeframe, state, text).
  std::tuple<std::string, std::string, std::int32_t, std::string> Look(std::int32_t number) const {
    MarketFeed::How how;
    Check(Open()->market().Look(number, how));
    return {how.symbol, std::string(how.timeframe), static_cast<std::int32_t>(how.state), how.text};
  }

  std::int64_t PollMarketData(const py::array& data) {
    return static_cast<std::int64_t>(Open()->market().Poll(Places(data)));
  }

  bool AwaitMarketData(std::int64_t timeout_ms) {
    const std::shared_ptr<Session> session = Open();
    const py::gil_scoped_release released;
    return session->market().Await(milliseconds(timeout_ms));
  }

  bool Latest(const std::string& symbol, const std::string& timeframe, const py::array& data) {
    const std::span<MarketData> places = Places(data);
    if (places.empty()) throw py::type_error("the array has no place");
    bool found = false;
    Check(Open()->market().Latest(symbol, timeframe, places.front(), found));
    return found;
  }

  std::int64_t History(const std::string& symbol, const std::string& timeframe,
                       const py::array& data) {
    std::size_t count = 0;
    Check(Open()->market().History(symbol, timeframe, Places(data), count));
    return static_cast<std::int64_t>(count);
  }

  py::dict GetMarketStatus() const {
    py::dict fields;
    const MarketStatus status = session_->market().GetStatus();
    ForEachMarketField(status, [&](const char* name, const auto& value) {
      if constexpr (std::is_enum_v<std::remove_cvref_t<decltype(value)>>) {
        fields[name] = static_cast<std::int32_t>(value);
      } else {
        fields[name] = value;
      }
    });
    fields["state_name"] = Name(status.state);
    return fields;
  }

  std::vector<std::string> GetPairs() const { return session_->GetPairs(); }

  // (sma_20, sma_50, ema_12, ema_26, rsi, ticks, time_msc), or None.
  std::optional<py::tuple> GetIndicators(const std::string& symbol) const {
    std::optional<IndicatorInfo> info;
    Check(Open()->GetIndicators(symbol, info));
    if (!info) return std::nullopt;
    return py::make_tuple(+info->sma_20, +info->sma_50, +info->ema_12, +info->ema_26, +info->rsi,
                          +info->ticks, +info->time_msc);
  }

  // A dict, or None when there is no event.
  std::optional<py::dict> NextEvent() {
    const std::optional<EventInfo> event = session_->NextEvent();
    if (!event) return std::nullopt;
    py::dict fields;
    fields["number"] = event->number;
    fields["time_ms"] = event->time_ms;
    fields["value"] = event->value;
    fields["kind"] = Name(event->kind);
    fields["severity"] = Name(event->severity);
    fields["code"] = static_cast<std::int32_t>(event->code);
    fields["endpoint"] = event->endpoint;
    fields["text"] = event->text;
    return fields;
  }

  std::string LastError() const { return session_->LastError(); }

  // Returns what was not acknowledged; again the same when called again.
  std::int64_t Close(std::int64_t timeout_ms) {
    const py::gil_scoped_release released;
    const std::lock_guard lock(close_mutex_);
    if (open_.exchange(false)) unacknowledged_ = session_->Close(milliseconds(timeout_ms));
    return unacknowledged_;
  }

 private:
  std::shared_ptr<Session> Open() const {
    if (!open_) {
      Check({Code::kBadHandle, "The session is closed. Open a new one."});
    }
    return session_;
  }

  // One contiguous array of MARKET_DTYPE, which session.py has made.
  static std::span<MarketData> Places(const py::array& data) {
    if (data.ndim() != 1 || data.itemsize() != static_cast<py::ssize_t>(sizeof(MarketData)) ||
        (data.flags() & py::array::c_style) == 0 || !data.writeable()) {
      throw py::type_error("data must be a contiguous array of tpb.MARKET_DTYPE to write to");
    }
    py::array places = data;
    return {static_cast<MarketData*>(places.mutable_data()), static_cast<std::size_t>(data.size())};
  }

  std::shared_ptr<Session> session_;
  std::atomic<bool> open_{true};
  std::mutex close_mutex_;
  std::int64_t unacknowledged_ = 0;
};

}  // namespace
}  // namespace tpb

PYBIND11_MODULE(_core, module) {
  using tpb::PySession;
  module.doc() = "Sessions of the native library. Use tpb.Session.";
  py::class_<PySession>(module, "Session")
      .def(py::init<const std::string&>(), py::arg("config"))
      .def("send", &PySession::Send, py::arg("symbol"), py::arg("ticks"))
      .def("flush", &PySession::Flush)
      .def("set_token", &PySession::SetToken, py::arg("token"))
      .def("status", &PySession::GetStatus)
      .def("cursor", &PySession::GetCursor, py::arg("symbol"))
      .def("subscribe", &PySession::Subscribe, py::arg("symbol"), py::arg("timeframe"))
      .def("unsubscribe", &PySession::Unsubscribe, py::arg("symbol"), py::arg("timeframe"))
      .def("subscription", &PySession::Look, py::arg("number"))
      .def("poll_market_data", &PySession::PollMarketData, py::arg("data"))
      .def("await_market_data", &PySession::AwaitMarketData, py::arg("timeout_ms"))
      .def("latest", &PySession::Latest, py::arg("symbol"), py::arg("timeframe"), py::arg("data"))
      .def("market_history", &PySession::History, py::arg("symbol"), py::arg("timeframe"),
           py::arg("data"))
      .def("market_status", &PySession::GetMarketStatus)
      .def("pairs", &PySession::GetPairs)
      .def("indicators", &PySession::GetIndicators, py::arg("symbol"))
      .def("next_event", &PySession::NextEvent)
      .def("last_error", &PySession::LastError)
      .def("close", &PySession::Close, py::arg("timeout_ms"));
}
