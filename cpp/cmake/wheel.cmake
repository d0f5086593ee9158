# What pip puts into the wheel beside python/tpb: the native module, and the modules of the schemas,
# which are not in git.
install(TARGETS _core LIBRARY DESTINATION tpb RUNTIME DESTINATION tpb)

set(wire_out ${CMAKE_BINARY_DIR}/wire)
file(GLOB_RECURSE schemas CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/proto/*.proto)
add_custom_command(
  OUTPUT ${wire_out}.stamp
  COMMAND ${CMAKE_COMMAND} -E env PYTHONPATH=${CMAKE_SOURCE_DIR}/python
    ${Python_EXECUTABLE} -m tpb.native.generate --python-out ${wire_out}
  COMMAND ${CMAKE_COMMAND} -E touch ${wire_out}.stamp
  DEPENDS ${schemas}
  COMMENT "Python modules of the schemas"
  VERBATIM)
add_custom_target(tpb_wire_modules ALL DEPENDS ${wire_out}.stamp)
install(DIRECTORY ${wire_out}/ DESTINATION tpb/wire)
set_target_properties(TradingProtobuf PROPERTIES EXCLUDE_FROM_ALL ON)
