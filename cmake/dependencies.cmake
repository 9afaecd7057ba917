# Debian 12's libraries; scripts/packages.txt names their packages.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(Boost 1.74 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(SFML 2.5 REQUIRED COMPONENTS graphics window system)
find_package(OpenGL REQUIRED)
find_package(nlohmann_json REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(simgrid REQUIRED IMPORTED_TARGET simgrid)
pkg_check_modules(modbus REQUIRED IMPORTED_TARGET libmodbus)
pkg_check_modules(imgui REQUIRED IMPORTED_TARGET imgui)
pkg_check_modules(clp REQUIRED IMPORTED_TARGET clp)

# How our own code is compiled: warnings are errors, and a multiply and an add stay two roundings,
# so that physics repeats on one machine whatever the optimiser sees. GCC 12 sees uninitialised
# members in variants that are never read; that one warning is off.
add_library(strict INTERFACE)
target_compile_options(strict INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Werror -ffp-contract=off
                       $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
# Two warnings take several files for one, where they are compiled as one.
if(CMAKE_UNITY_BUILD)
  target_compile_options(strict INTERFACE -Wno-shadow -Wno-subobject-linkage)
endif()
