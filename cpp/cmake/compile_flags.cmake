# How all of our own code is compiled and linked.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(TPB_CCACHE ccache)
  if(TPB_CCACHE AND NOT MSVC)
    set(CMAKE_C_COMPILER_LAUNCHER ${TPB_CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${TPB_CCACHE})
  endif()
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Libraries and programs stand at the top of the build folder, under the names MetaTrader asks for.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
if(WIN32)
  set(CMAKE_SHARED_LIBRARY_PREFIX "")
  add_compile_definitions(_WIN32_WINNT=0x0A00 NOMINMAX WIN32_LEAN_AND_MEAN)
endif()

if(MSVC)
  set(CMAKE_MSVC_RUNTIME_LIBRARY "MultiThreaded$<$<CONFIG:Debug>:Debug>")
  add_compile_options(/W4 /permissive- /utf-8 /bigobj /Gy /Zc:__cplusplus /Zc:preprocessor
    /external:W0 /Brepro $<$<BOOL:${TPB_WARNINGS_AS_ERRORS}>:/WX>)
  add_link_options(/Brepro /OPT:REF /OPT:ICF)
else()
  set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
  add_compile_options(-Wall -Wextra -Wshadow -Wextra-semi -Wnon-virtual-dtor -Woverloaded-virtual
    -Wimplicit-fallthrough -Wformat=2 -Wundef -Wpointer-arith -Wcast-align
    $<$<BOOL:${TPB_WARNINGS_AS_ERRORS}>:-Werror>
    -ffunction-sections -fdata-sections)
  # Equal sources give equal bytes, wherever they stand.
  add_compile_options(-ffile-prefix-map=${CMAKE_BINARY_DIR}=build
    -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
  if(MINGW)
    # MetaTrader's folders hold no compiler's runtime: everything is linked in. The exports are the
    # ones that carry dllexport, and the time of linking stays out.
    add_link_options(-static -Wl,--gc-sections -Wl,--exclude-all-symbols
      -Wl,--no-insert-timestamp $<$<CONFIG:Release>:-s>)
  elseif(NOT APPLE)
    add_link_options(-Wl,--gc-sections -Wl,--as-needed -Wl,-z,relro,-z,now)
    # A sanitizer names functions; and clang's is a library that must be seen, to replace malloc.
    if(NOT TPB_SANITIZE)
      add_link_options(-Wl,--exclude-libs,ALL $<$<CONFIG:Release>:-s>)
    endif()
  endif()
endif()

if(TPB_SANITIZE)
  set(CMAKE_CXX_FLAGS_RELEASE "-O1 -DNDEBUG")  # clearer stacks, and half the time to compile
  add_compile_options(-fsanitize=${TPB_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${TPB_SANITIZE})
  if(TPB_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
  if(TPB_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)  # Asio's fences, which the sanitizer does not model
  endif()
endif()
