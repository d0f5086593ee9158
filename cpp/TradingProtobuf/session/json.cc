// Boost.JSON is header only; its code is compiled here, once.
#include <boost/json/src.hpp>
