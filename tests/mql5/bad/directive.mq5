#property strict
#define DEBUG 1
#if DEBUG            // lint: directive
#endif
#pragma pack(1)      // lint: directive
#ifdef DEBUG
#else
#endif
