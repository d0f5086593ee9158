/* A library that keeps the rules, and breaks each: for the host's guards. */
#include <stddef.h>
#include <stdint.h>

#define EXPORT __declspec(dllexport)

#pragma pack(push, 1)
struct Tick {
  int64_t time;
  double bid, ask, last;
  uint64_t volume;
  int64_t time_msc;
  uint32_t flags;
  double volume_real;
};
#pragma pack(pop)

static int64_t* kept;

EXPORT int32_t Add(int32_t left, int64_t right, double third, uint8_t fourth) {
  return (int32_t)(left + right + (int64_t)third + fourth);
}

EXPORT int32_t Length(const uint16_t* text) {
  int32_t length = 0;
  while (text[length]) ++length;
  return length;
}

EXPORT int32_t Fill(uint8_t* bytes, int32_t count) {
  for (int32_t i = 0; i < count; ++i) bytes[i] = (uint8_t)(i + 1);
  return count;
}

EXPORT int32_t ChangeConstant(double* values, int32_t count) {
  values[count - 1] = 0;
  return 0;
}

EXPORT int32_t Keep(int64_t* numbers, int32_t count) {
  kept = numbers;
  return count;
}

EXPORT int32_t WriteToKept(void) {
  kept[0] = 1;
  return 0;
}

EXPORT int32_t ReadKept(void) { return (int32_t)(kept[0] & 0xFF); }

EXPORT int32_t WriteBefore(int32_t* number) {
  number[-1] = 0;
  return 0;
}

/* Fills `capacity` places and one more. */
EXPORT int32_t Poll(struct Tick* ticks, int32_t capacity) {
  for (int32_t i = 0; i <= capacity; ++i) ticks[i].bid = i;
  return capacity;
}

EXPORT int32_t KeepTicks(struct Tick* ticks, int32_t capacity) {
  kept = &ticks[capacity - 1].time;
  return capacity;
}

EXPORT int32_t Double(struct Tick* ticks, int32_t count, int32_t* done) {
  for (int32_t i = 0; i < count; ++i) {
    ticks[i].bid *= 2;
    ticks[i].time_msc *= 2;
  }
  *done = count;
  return count;
}
