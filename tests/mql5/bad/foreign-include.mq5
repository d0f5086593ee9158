#include <Trade\Trade.mqh>  // lint: foreign-include
#include <TradingProtobuf\Session.mqh>
#include "Own.mqh"
