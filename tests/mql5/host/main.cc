// The host: a terminal without a window. It is told what happens line by line on the standard
// input, and tells what programs do in lines of JSON; after each order comes {"kind":"done"}.
#include <fcntl.h>
#include <io.h>

#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/expert.h"
#include "host/moment.h"
#include "host/programs.h"
#include "host/record.h"
#include "host/settings.h"
#include "host/ticks.h"
#include "host/timeline.h"

namespace host {
namespace {

using Words = std::vector<std::string>;

class Terminal {
 public:
  // `words` is an order and its arguments. Raises std::exception where it cannot be done.
  void obey(const Words& words) {
    const auto order = orders_.find(words.at(0));
    if (order == orders_.end()) throw std::invalid_argument("no order " + words[0]);
    order->second(words);
  }

 private:
  Expert& expert(const std::string& id) {
    for (const auto& each : experts_) {
      if (each->id() == id) return *each;
    }
    throw std::invalid_argument("no expert " + id);
  }

  // For each expert of "1,2": act, all at once.
  template <typename Act>
  void together(const std::string& ids, Act act) {
    std::vector<Expert*> chosen;
    for (std::size_t start = 0; start <= ids.size();) {
      const std::size_t end = std::min(ids.find(',', start), ids.size());
      chosen.push_back(&expert(ids.substr(start, end - start)));
      start = end + 1;
    }
    for (Expert* each : chosen) act(*each);
    for (Expert* each : chosen) each->wait();
  }

  void add_symbol(const Words& words) {
    SymbolTicks symbol;
    symbol.name = mql5::text_of(words.at(1));
    symbol.specification = specification_of(symbol.name, std::stoi(words.at(2)));
    symbol.is_selected = words.at(3) == "1";
    symbol.load_ms = std::stoi(words.at(4));
    symbol.requests_before_history = std::stoi(words.at(5));
    ticks().add_symbol(symbol);
  }

  void add_history(const Words& words) {
    for (const ScriptedTick& each : read_script(words.at(1))) {
      ticks().append(mql5::text_of(std::string(each.symbol)), each.tick, true);
      advance_to(each.tick.time_msc * 1000);
    }
  }

  void attach(const Words& words) {
    const mql5::Program& program = program_named(words.at(2));
    for (const auto& each : experts_) {
      // Its variables are this process's only ones.
      if (&each->program() == &program) throw std::invalid_argument(words[2] + " is on a chart");
    }
    experts_.push_back(std::make_unique<Expert>(words.at(1), program, mql5::text_of(words.at(3)),
                                                std::stoi(words.at(4))));
    show_symbol(experts_.back()->symbol);
  }

  void change_chart(const Words& words) {
    Expert& changed = expert(words.at(1));
    changed.symbol = mql5::text_of(words.at(2));
    changed.period = std::stoi(words.at(3));
    show_symbol(changed.symbol);
    changed.post_restart(mql5::REASON_CHARTCHANGE);
    changed.wait();
  }

  // A chart's symbol is always in the Market Watch.
  void show_symbol(const mql5::string& symbol) {
    const bool is_known = ticks().with(symbol, [](SymbolTicks& each) { each.is_selected = true; });
    if (!is_known) throw std::invalid_argument("no symbol " + utf8_of(symbol));
  }

  static void hide(const std::string& name) {
    const bool is_known =
        ticks().with(mql5::text_of(name), [](SymbolTicks& each) { each.is_selected = false; });
    if (!is_known) throw std::invalid_argument("no symbol " + name);
  }

  void stop(const std::string& ids, mql5::ENUM_UNINIT_REASON reason) {
    together(ids, [reason](Expert& each) { each.post_stop(reason); });
  }

  void close() {
    for (const auto& each : experts_) each->post_stop(mql5::REASON_CLOSE);
    for (const auto& each : experts_) each->wait();
    for (const auto& each : experts_) each->record_times();
  }

  Experts experts_;
  const std::map<std::string, std::function<void(const Words&)>> orders_ = {
      {"data_folder", [](const Words& words) { settings().data_folder = words.at(1); }},
      {"tester", [](const Words& words) { settings().is_tester = words.at(1) == "1"; }},
      {"allow_dlls", [](const Words& words) { settings().allows_dlls = words.at(1) == "1"; }},
      {"connected", [](const Words& words) { settings().is_connected = words.at(1) == "1"; }},
      {"custom_error",
       [](const Words& words) { settings().custom_error = std::stoi(words.at(1)); }},
      {"hide", [](const Words& words) { hide(words.at(1)); }},
      {"clock", [](const Words& words) { advance_to(std::stoll(words.at(1)) * 1000); }},
      {"symbol", [this](const Words& words) { add_symbol(words); }},
      {"history", [this](const Words& words) { add_history(words); }},
      {"attach", [this](const Words& words) { attach(words); }},
      {"input",
       [this](const Words& words) { expert(words.at(1)).set_input(words.at(2), words.at(3)); }},
      {"tick_cost",
       [this](const Words& words) {
         expert(words.at(1)).tick_cost_us = std::stoll(words.at(2)) * 1000;
       }},
      {"start",
       [this](const Words& words) {
         together(words.at(1), [](Expert& each) { each.post_start(); });
       }},
      {"change_inputs",
       [this](const Words& words) {
         together(words.at(1), [](Expert& each) { each.post_restart(mql5::REASON_PARAMETERS); });
       }},
      {"change_chart", [this](const Words& words) { change_chart(words); }},
      {"remove", [this](const Words& words) { stop(words.at(1), mql5::REASON_REMOVE); }},
      {"chart_event",
       [this](const Words& words) {
         Expert& told = expert(words.at(1));
         told.post_chart_event(std::stoi(words.at(2)), std::stoll(words.at(3)),
                               std::stod(words.at(4)), mql5::text_of(words.at(5)));
         told.wait();
       }},
      {"play",
       [this](const Words& words) {
         play(experts_, read_script(words.at(1)), std::stoll(words.at(2)));
       }},
      {"run",
       [this](const Words& words) {
         run_until(experts_, now_us() + std::stoll(words.at(1)) * 1000);
       }},
      {"close", [this](const Words&) { close(); }},
  };
};

Words split(const std::string& line) {
  Words words(1);
  for (const char each : line) {
    if (each == '\t') {
      words.emplace_back();
    } else if (each != '\r') {
      words.back() += each;
    }
  }
  return words;
}

int serve() {
  Terminal terminal;
  for (std::string line; std::getline(std::cin, line);) {
    const Words words = split(line);
    try {
      terminal.obey(words);
    } catch (const std::exception& problem) {
      Record("refused").with("text", problem.what());
    }
    Record("done").with("order", words[0]).with("now_msc", now_us() / 1000);
    if (words[0] == "close") break;
  }
  return 0;
}

}  // namespace
}  // namespace host

int main() {
  _setmode(_fileno(stdin), _O_BINARY);
  _setmode(_fileno(stdout), _O_BINARY);
  return host::serve();
}
