double grid[3][4];  // lint: many-dimensions
double row[4];
