# Headers that most files read, parsed once instead of 400 times: a third of a build from nothing.
# Only the release preset has them (AIPCHAIN_PRECOMPILED), so that the other presets, compiled
# without, find a file that forgot to include what it uses.
option(AIPCHAIN_PRECOMPILED "parse the common headers once" OFF)

# GCC 12 forgets that precompiled text came from system headers and tells of std::string's own
# copies there; the presets without them keep those warnings.
if(AIPCHAIN_PRECOMPILED AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(strict INTERFACE -Wno-array-bounds -Wno-stringop-overflow
                         -Wno-stringop-overread -Wno-restrict)
endif()

function(precompiled_headers name)
  if(AIPCHAIN_PRECOMPILED)
    file(WRITE ${CMAKE_BINARY_DIR}/${name}.cpp "")
    add_library(${name} OBJECT EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/${name}.cpp)
    target_link_libraries(${name} PRIVATE strict Threads::Threads)
    target_precompile_headers(${name} PRIVATE ${ARGN})
    if(name STREQUAL test_headers)
      target_compile_options(${name} PRIVATE -O1)
    endif()
  endif()
endfunction()

set(common <algorithm> <array> <charconv> <cmath> <cstdint> <functional> <map> <memory> <optional>
    <set> <span> <string> <string_view> <tl/expected.hpp> <unordered_map> <utility> <variant> <vector>)
precompiled_headers(room_headers ${common})
precompiled_headers(test_headers ${common} <doctest/doctest.h> <nlohmann/json.hpp>)
precompiled_headers(app_headers ${common} <nlohmann/json.hpp> <CLI/CLI.hpp>)

# uses_precompiled(target headers): the target's files begin with those headers.
function(uses_precompiled target headers)
  if(AIPCHAIN_PRECOMPILED)
    target_precompile_headers(${target} REUSE_FROM ${headers})
  endif()
endfunction()
