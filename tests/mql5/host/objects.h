// Objects on charts: what a program drew and did not remove.
#pragma once

namespace host {

class Expert;

// A fault for each object that is still on the expert's chart.
void report_objects_left(const Expert& expert);

}  // namespace host
