# protobuf's lite runtime with the parts of abseil it stands on, as one archive.
# protobuf's own list names its sources; grpcio-tools' list names abseil's.
set(protobuf_SOURCE_DIR ${TPB_SOURCE}/third_party/protobuf)
set(abseil_dir ${TPB_SOURCE}/third_party/abseil-cpp)
include(${protobuf_SOURCE_DIR}/src/file_lists.cmake)

file(STRINGS ${TPB_SOURCE}/protoc_lib_deps.py lines REGEX "third_party/abseil-cpp/absl/")
set(abseil_sources "")
foreach(line IN LISTS lines)
  string(REGEX MATCHALL "third_party/abseil-cpp/absl/[a-z0-9_/]+\\.cc" found "${line}")
  list(APPEND abseil_sources ${found})
endforeach()
list(REMOVE_DUPLICATES abseil_sources)
list(LENGTH abseil_sources count)
if(count LESS 50)
  message(FATAL_ERROR "protoc_lib_deps.py names ${count} sources of abseil: its format has changed")
endif()
# Needed by protoc alone.
list(FILTER abseil_sources EXCLUDE REGEX
  "/(damerau_levenshtein_distance|barrier|notification|blocking_counter|initialize)\\.cc$")
if(NOT WIN32)
  list(FILTER abseil_sources EXCLUDE REGEX "/time_zone_name_win\\.cc$")
endif()
list(TRANSFORM abseil_sources PREPEND ${TPB_SOURCE}/)

set(utf8_range_dir ${protobuf_SOURCE_DIR}/third_party/utf8_range)
add_library(protobuf_lite STATIC
  ${libprotobuf_lite_srcs} ${abseil_sources} ${utf8_range_dir}/utf8_range.c)
target_include_directories(protobuf_lite PRIVATE
  ${protobuf_SOURCE_DIR}/src ${utf8_range_dir} ${abseil_dir})
target_link_libraries(protobuf_lite PRIVATE tpb_third_party_flags Threads::Threads)
if(TPB_SANITIZE)
  target_compile_options(protobuf_lite PRIVATE -fsanitize=${TPB_SANITIZE} -fno-omit-frame-pointer)
endif()

tpb_unity(protobuf_lite 13
  EXCEPT "/(time_zone_posix|utf8_for_code_point|time/format|vlog_config)\\.cc$"
  ${libprotobuf_lite_srcs} ${abseil_sources})
if(WIN32)
  set(system_libraries dbghelp bcrypt)
endif()
tpb_must_be_complete(protobuf_lite ${system_libraries})

install(TARGETS protobuf_lite ARCHIVE DESTINATION lib)
install(DIRECTORY ${protobuf_SOURCE_DIR}/src/google DESTINATION include
  FILES_MATCHING PATTERN "*.h" PATTERN "*.inc" PATTERN "compiler" EXCLUDE)
install(DIRECTORY ${abseil_dir}/absl DESTINATION include
  FILES_MATCHING PATTERN "*.h" PATTERN "*.inc")
install(FILES ${utf8_range_dir}/utf8_range.h ${utf8_range_dir}/utf8_validity.h
  DESTINATION include)
