// Numbers: MQL5's names for them.
#pragma once

#include <cmath>
#include <cstdlib>
#include <type_traits>

namespace mql5 {

template <typename A, typename B>
std::common_type_t<A, B> MathMax(A a, B b) {
  return a > b ? a : b;
}
template <typename A, typename B>
std::common_type_t<A, B> MathMin(A a, B b) {
  return a < b ? a : b;
}
template <typename A>
A MathAbs(A a) {
  return a < 0 ? -a : a;
}
inline double MathFloor(double a) { return std::floor(a); }
inline double MathCeil(double a) { return std::ceil(a); }
inline double MathRound(double a) { return std::round(a); }
inline double MathPow(double a, double b) { return std::pow(a, b); }
inline double MathSqrt(double a) { return std::sqrt(a); }
inline double MathLog(double a) { return std::log(a); }
inline double MathExp(double a) { return std::exp(a); }
inline double MathMod(double a, double b) { return std::fmod(a, b); }
inline bool MathIsValidNumber(double a) { return std::isfinite(a); }
inline int MathRand() { return std::rand() % 32768; }
inline void MathSrand(int seed) { std::srand(static_cast<unsigned>(seed)); }
inline double NormalizeDouble(double a, int digits) {
  const double scale = std::pow(10.0, digits);
  return std::round(a * scale) / scale;
}

}  // namespace mql5
