// The main function and the implementation of Boost.Test, compiled once for all test programs.
#define BOOST_TEST_MODULE TradingProtobuf
#include <boost/test/included/unit_test.hpp>
