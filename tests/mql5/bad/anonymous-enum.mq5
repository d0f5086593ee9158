enum { FIRST, SECOND };  // lint: anonymous-enum
enum ENUM_NAMED { THIRD };
