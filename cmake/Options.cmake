# Every option of the build, in one place.
option(MPA_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(MPA_WERROR "Warnings are errors (CI)" OFF)
option(MPA_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(MPA_FUZZ "Build the libFuzzer targets (clang)" OFF)
option(MPA_LAB "Build the programs of captures/lab (Linux)" OFF)

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
# gcc joins members that were just written one by one into one wider read, which has to wait until they are in the cache.
add_compile_options(-fno-tree-slp-vectorize)
# One module's functions inlined into another's: a tenth of the time per packet.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT MPA_SANITIZE AND NOT MPA_FUZZ)
    include(CheckIPOSupported)
    check_ipo_supported(RESULT MPA_IPO OUTPUT MPA_IPO_WHY LANGUAGES C)
    if(MPA_IPO)
        set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
    endif()
endif()
