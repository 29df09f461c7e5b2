# Warnings, sanitizers, code generation and the include path of the engine, for our targets only: link mpa_flags.
add_library(mpa_flags INTERFACE)
target_include_directories(mpa_flags INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(mpa_flags INTERFACE _GNU_SOURCE)
target_compile_options(mpa_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wvla -Wundef
    -Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings
    -fvisibility=hidden)
# gcc joins members that were just written one by one into one wider read, which has to wait until they are in the cache.
target_compile_options(mpa_flags INTERFACE $<$<C_COMPILER_ID:GNU>:-fno-tree-slp-vectorize>)
if(MPA_WERROR)
    target_compile_options(mpa_flags INTERFACE -Werror)
endif()
if(MPA_SANITIZE)
    target_compile_options(mpa_flags INTERFACE
        -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
    target_link_options(mpa_flags INTERFACE -fsanitize=address,undefined)
endif()
if(MPA_FUZZ)
    target_compile_options(mpa_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
