# Flags that all libraries share: small objects that the linker can drop piecewise, and no trace of
# this machine's folders in them, so that equal sources give equal bytes.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

add_library(tpb_third_party_flags INTERFACE)
if(MSVC)
  target_compile_options(tpb_third_party_flags INTERFACE /W0 /bigobj /utf-8 /Gy /Gw)
else()
  set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
  target_compile_options(tpb_third_party_flags INTERFACE
    $<$<COMPILE_LANGUAGE:C,CXX>:-w -ffunction-sections -fdata-sections>
    $<$<COMPILE_LANGUAGE:C,CXX>:-ffile-prefix-map=${CMAKE_SOURCE_DIR}=third_party>
    $<$<COMPILE_LANGUAGE:C,CXX>:-ffile-prefix-map=${CMAKE_BINARY_DIR}=build>
    $<$<COMPILE_LANGUAGE:C,CXX>:-ffile-prefix-map=${TPB_SOURCE}=${TPB_LIBRARY}>)
endif()
if(WIN32)
  target_compile_definitions(tpb_third_party_flags INTERFACE
    _WIN32_WINNT=0x0A00 NOMINMAX WIN32_LEAN_AND_MEAN)
endif()

find_package(Threads REQUIRED)
