# The release preset compiles several files of a target as one (CMAKE_UNITY_BUILD), which reads their
# headers once and takes half the time. The other presets compile each by itself, and so find a file
# that forgot to include what it uses.

# A room is one static library made of every .cpp below its folder. Rooms that it may use are
# public; third-party libraries stay private unless one of its headers needs them.
#
#   room(name [FOLDER dir] [EXCLUDE regex] [USES room...] [PUBLIC lib...] [PRIVATE lib...])
function(room name)
  cmake_parse_arguments(R "" "FOLDER;EXCLUDE" "USES;PUBLIC;PRIVATE" ${ARGN})
  if(NOT R_FOLDER)
    set(R_FOLDER ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${R_FOLDER}/*.cpp)
  if(R_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX ${R_EXCLUDE})
  endif()
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} INTERFACE ${R_USES} ${R_PUBLIC})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${R_USES} ${R_PUBLIC} PRIVATE ${R_PRIVATE} strict)
endfunction()

# One test program a room, from every test_*.cpp below tests/<folder>; it links that room only, so
# that a layering break does not link.
#
#   room_tests(name USES room... [PRIVATE lib...] [APART file...])
#
# What is in the files APART runs as a test of its own, beside the rest.
function(room_tests name)
  cmake_parse_arguments(R "" "" "USES;PRIVATE;APART" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${name}/*.cpp)
  if(NOT sources)
    return()
  endif()
  string(REPLACE "/" "_" target test_${name})
  add_executable(${target} ${sources} ${CMAKE_SOURCE_DIR}/tests/support/main.cpp)
  target_link_libraries(${target} PRIVATE ${R_USES} ${R_PRIVATE} strict)
  # What takes time is in the rooms; the tests themselves compile faster so.
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  target_compile_definitions(${target} PRIVATE DOCTEST_CONFIG_SUPER_FAST_ASSERTS)
  set_target_properties(${target} PROPERTIES UNITY_BUILD_BATCH_SIZE 4)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_definitions(${target} PRIVATE AIPCHAIN_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  list(TRANSFORM R_APART PREPEND "*")
  string(REPLACE ";" "," apart "${R_APART}")
  if(R_APART)
    set(rest "-sfe=${apart}")
    add_test(NAME ${target}_apart COMMAND ${target} "-sf=${apart}"
             WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  endif()
  add_test(NAME ${target} COMMAND ${target} ${rest} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endfunction()
