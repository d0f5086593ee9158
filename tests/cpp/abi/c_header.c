/* The contract, seen by a C compiler. */
#include "trading_protobuf.h"

/* An array of negative size where the sizes are not the documented ones. */
typedef char tick_is_60_bytes[sizeof(TpbTick) == 60 ? 1 : -1];
typedef char status_is_216_bytes[sizeof(TpbStatusInfo) == 216 ? 1 : -1];
typedef char market_data_is_168_bytes[sizeof(TpbMarketData) == 168 ? 1 : -1];
typedef char market_status_is_88_bytes[sizeof(TpbMarketStatusInfo) == 88 ? 1 : -1];
typedef char indicators_are_56_bytes[sizeof(TpbIndicatorInfo) == 56 ? 1 : -1];

int32_t AbiVersionSeenByC(void);
int32_t AbiVersionSeenByC(void) {
  return TpbAbiVersion() == TPB_ABI_VERSION ? TPB_OK : TPB_E_INTERNAL;
}
