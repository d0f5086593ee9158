# tpb_add_test(name source... [LIBS target...] [TIMEOUT seconds]): a program of Boost.Test cases,
# registered with ctest. Sources include <boost/test/unit_test.hpp>; tpb_test_main has the main.
#
# Tests are built by the target `tests`, not by `all`.
add_custom_target(tests)
if(CMAKE_CROSSCOMPILING AND WIN32 AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
  find_package(Python 3.11 REQUIRED COMPONENTS Interpreter)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${CMAKE_COMMAND} -E env PYTHONPATH=${CMAKE_SOURCE_DIR}/python
    ${Python_EXECUTABLE} -m tpb.native.emulator)
endif()
add_library(tpb_test_main STATIC EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/tests/cpp/test_main.cc)
target_link_libraries(tpb_test_main PUBLIC tpb::boost)
target_compile_definitions(tpb_test_main PUBLIC BOOST_TEST_NO_LIB)

function(tpb_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "TIMEOUT" "LIBS")
  set(sources ${test_UNPARSED_ARGUMENTS})
  if(NOT sources)
    message(FATAL_ERROR "tpb_add_test(name source... [LIBS target...] [TIMEOUT seconds])")
  endif()
  if(NOT test_TIMEOUT)
    set(test_TIMEOUT 120)
  endif()
  add_executable(test_${name} EXCLUDE_FROM_ALL ${sources})
  add_dependencies(tests test_${name})
  target_link_libraries(test_${name} PRIVATE ${test_LIBS} tpb_test_main)
  set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name}
    COMMAND test_${name} --log_level=test_suite --color_output=no
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/tests)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${test_TIMEOUT})
endfunction()
