#pragma once

#include <boost/json.hpp>
#include <string>

namespace terminal {

// Writes one JSON object as a line to stdout. From any thread.
void Print(const boost::json::object& line);

// {"event":"error"}; returns the exit code.
int PrintError(int code, const std::string& text);

}  // namespace terminal
