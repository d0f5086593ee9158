# tpb_proto: proto/ as C++ for the lite runtime. Only the wire room and tests link it.
file(GLOB_RECURSE proto_files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/proto
  ${CMAKE_SOURCE_DIR}/proto/*.proto)
set(proto_out ${CMAKE_BINARY_DIR}/proto)
file(MAKE_DIRECTORY ${proto_out})
set(proto_sources "")
foreach(proto IN LISTS proto_files)
  string(REGEX REPLACE "\\.proto$" "" stem ${proto})
  add_custom_command(
    OUTPUT ${proto_out}/${stem}.pb.cc ${proto_out}/${stem}.pb.h
    COMMAND tpb::protoc --proto_path=${CMAKE_SOURCE_DIR}/proto --cpp_out=lite:${proto_out} ${proto}
    DEPENDS ${CMAKE_SOURCE_DIR}/proto/${proto}
    COMMENT "protoc ${proto}"
    VERBATIM)
  list(APPEND proto_sources ${proto_out}/${stem}.pb.cc)
endforeach()

add_library(tpb_proto STATIC ${proto_sources})
target_include_directories(tpb_proto SYSTEM PUBLIC ${proto_out})
target_link_libraries(tpb_proto PUBLIC tpb::protobuf_lite)
if(NOT MSVC)
  target_compile_options(tpb_proto PRIVATE -w)
endif()
