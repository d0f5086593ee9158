# The third-party libraries as imported targets: tpb::protobuf_lite, tpb::ssl, tpb::boost,
# tpb::nlohmann_json, and the program tpb::protoc.
if(NOT TPB_DEPS_DIR)
  if(CMAKE_CROSSCOMPILING)
    set(target windows-x64)
  elseif(TPB_SANITIZE MATCHES "address")
    set(target asan-ubsan)
  elseif(TPB_SANITIZE MATCHES "thread")
    set(target tsan)
  else()
    set(target native)
  endif()
  find_package(Python 3.11 REQUIRED COMPONENTS Interpreter)
  message(STATUS "Third-party libraries for ${target}: a few minutes the first time")
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env PYTHONPATH=${CMAKE_SOURCE_DIR}/python
      ${Python_EXECUTABLE} -m tpb.native.deps --target ${target}
    OUTPUT_VARIABLE deps_dir OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(TPB_DEPS_DIR ${deps_dir} CACHE PATH "" FORCE)
endif()

# Sets tpb_<library>_dir for each.
include(${TPB_DEPS_DIR}/dependencies.cmake)
find_package(Threads REQUIRED)

function(tpb_import_library name directory)
  add_library(tpb::${name} STATIC IMPORTED GLOBAL)
  set(file ${CMAKE_STATIC_LIBRARY_PREFIX}${name}${CMAKE_STATIC_LIBRARY_SUFFIX})
  set_target_properties(tpb::${name} PROPERTIES
    IMPORTED_LOCATION ${directory}/lib/${file}
    INTERFACE_INCLUDE_DIRECTORIES ${directory}/include
    INTERFACE_LINK_LIBRARIES Threads::Threads)
endfunction()

function(tpb_import_headers name directory)
  add_library(tpb::${name} INTERFACE IMPORTED GLOBAL)
  set_target_properties(tpb::${name} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${directory}/include)
endfunction()

tpb_import_library(protobuf_lite ${tpb_protobuf_lite_dir})
tpb_import_library(boringssl ${tpb_boringssl_dir})
tpb_import_headers(boost ${tpb_boost_dir})
tpb_import_headers(nlohmann_json ${tpb_nlohmann_json_dir})
add_library(tpb::ssl ALIAS tpb::boringssl)
add_executable(tpb::protoc IMPORTED GLOBAL)
set_target_properties(tpb::protoc PROPERTIES IMPORTED_LOCATION ${tpb_protoc_program})

# Header-only and without its own exceptions' stack traces or deprecated corners.
set_property(TARGET tpb::boost APPEND PROPERTY INTERFACE_COMPILE_DEFINITIONS
  BOOST_ALL_NO_LIB BOOST_ERROR_CODE_HEADER_ONLY BOOST_ASIO_NO_DEPRECATED)
if(WIN32)
  set_property(TARGET tpb::protobuf_lite APPEND PROPERTY INTERFACE_LINK_LIBRARIES
    dbghelp bcrypt)
  set_property(TARGET tpb::boringssl APPEND PROPERTY INTERFACE_LINK_LIBRARIES
    ws2_32 crypt32 bcrypt)
  set_property(TARGET tpb::boost APPEND PROPERTY INTERFACE_LINK_LIBRARIES ws2_32 mswsock)
endif()
if(NOT MSVC)
  foreach(directory IN ITEMS ${tpb_protobuf_lite_dir} ${tpb_boringssl_dir} ${tpb_boost_dir}
      ${tpb_nlohmann_json_dir})
    add_compile_options(-ffile-prefix-map=${directory}=third_party)
  endforeach()
endif()
