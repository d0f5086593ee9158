# tpb_must_be_complete(TARGET library...): fails the build if an archive needs a symbol that neither
# it nor the system's libraries define: its sources were chosen from a list that has changed.
function(tpb_must_be_complete target)
  if(MSVC OR APPLE)
    return()
  endif()
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/nothing.cc "")
  add_library(${target}_complete SHARED ${CMAKE_CURRENT_BINARY_DIR}/nothing.cc)
  set_target_properties(${target}_complete PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(${target}_complete PRIVATE
    -Wl,--whole-archive ${target} -Wl,--no-whole-archive ${ARGN} Threads::Threads)
  if(TPB_SANITIZE)
    target_link_options(${target}_complete PRIVATE -fsanitize=${TPB_SANITIZE})
  elseif(NOT WIN32)
    target_link_options(${target}_complete PRIVATE -Wl,-z,defs)
  endif()
endfunction()
