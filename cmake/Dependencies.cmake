# What the engine stands on.  Debian packages: see build.sh.
find_package(PkgConfig REQUIRED)
pkg_check_modules(PCAP REQUIRED IMPORTED_TARGET libpcap)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(XML2 REQUIRED IMPORTED_TARGET libxml-2.0)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)

# libgcrypt's own pkg-config file only exists in newer versions; libcsv has none.
find_library(GCRYPT_LIBRARY gcrypt REQUIRED)
find_path(GCRYPT_INCLUDE gcrypt.h REQUIRED)
add_library(mpa_gcrypt INTERFACE)
target_link_libraries(mpa_gcrypt INTERFACE ${GCRYPT_LIBRARY})
target_include_directories(mpa_gcrypt SYSTEM INTERFACE ${GCRYPT_INCLUDE})

find_library(CSV_LIBRARY csv REQUIRED)
find_path(CSV_INCLUDE csv.h REQUIRED)
add_library(mpa_csv INTERFACE)
target_link_libraries(mpa_csv INTERFACE ${CSV_LIBRARY})
target_include_directories(mpa_csv SYSTEM INTERFACE ${CSV_INCLUDE})

# Only the tests need CUnit.
find_library(MPA_CUNIT cunit)
mark_as_advanced(MPA_CUNIT)
