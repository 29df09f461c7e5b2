# Every option of the build, in one place.
option(MPA_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(MPA_WERROR "Warnings are errors (CI)" OFF)
option(MPA_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(MPA_FUZZ "Build the libFuzzer targets (clang)" OFF)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
# Assertions stay on in every build type.
foreach(type RELEASE RELWITHDEBINFO MINSIZEREL)
    string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_${type} "${CMAKE_C_FLAGS_${type}}")
endforeach()
