# BoringSSL's ssl and crypto, with its assembly. grpcio's list names the sources.
set(boringssl_prefix third_party/boringssl-with-bazel)
set(boringssl_dir ${TPB_SOURCE}/${boringssl_prefix})
enable_language(ASM)

file(STRINGS ${TPB_SOURCE}/src/python/grpcio/grpc_core_dependencies.py lines
  REGEX "${boringssl_prefix}/")
set(boringssl_files "")
foreach(line IN LISTS lines)
  string(REGEX MATCH "${boringssl_prefix}/[A-Za-z0-9_/-]+\\.(cc|S|asm)" found "${line}")
  list(APPEND boringssl_files ${found})
endforeach()
# What no TLS client asks for.
list(FILTER boringssl_files EXCLUDE REGEX
  "/(test_support|trust_token|slhdsa|hrss|cms)/|spake25519|hash_to_curve")
set(boringssl_sources ${boringssl_files})
list(FILTER boringssl_sources INCLUDE REGEX "\\.cc$")
list(LENGTH boringssl_sources count)
if(count LESS 150)
  message(FATAL_ERROR "grpc_core_dependencies.py names ${count} sources: its format has changed")
endif()

# The assembly guards itself by platform; only the names of this processor's save the time of
# starting the assembler for nothing. Windows has its own, in nasm's language.
set(boringssl_assembly ${boringssl_files})
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  if(WIN32)
    list(FILTER boringssl_assembly INCLUDE REGEX "x86_64[a-z0-9_-]*-win\\.asm$|rsaz-avx2-win\\.asm$")
  elseif(APPLE)
    list(FILTER boringssl_assembly INCLUDE REGEX "(x86_64[a-z0-9_-]*|rsaz-avx2)-apple\\.S$|/fiat/")
  else()
    list(FILTER boringssl_assembly INCLUDE REGEX "(x86_64[a-z0-9_-]*|rsaz-avx2)-linux\\.S$|/fiat/")
  endif()
else()
  list(FILTER boringssl_assembly INCLUDE REGEX "\\.S$")
endif()
if(WIN32)
  enable_language(ASM_NASM)
endif()

list(TRANSFORM boringssl_sources PREPEND ${TPB_SOURCE}/)
list(TRANSFORM boringssl_assembly PREPEND ${TPB_SOURCE}/)
add_library(boringssl STATIC ${boringssl_sources} ${boringssl_assembly})
target_include_directories(boringssl PRIVATE ${boringssl_dir} ${boringssl_dir}/include)
target_link_libraries(boringssl PRIVATE tpb_third_party_flags Threads::Threads)
target_compile_definitions(boringssl PRIVATE
  $<$<COMPILE_LANGUAGE:C,CXX>:BORINGSSL_IMPLEMENTATION>)
set(unity_sources ${boringssl_sources})
list(FILTER unity_sources INCLUDE REGEX "/(ssl|asn1|pem|x509|evp|cipher|bytestring)/[a-z0-9_]+\\.cc$")
tpb_unity(boringssl 13 EXCEPT "/(p_mldsa|p_mlkem|tls13_server|handshake_server|ssl_credential)\\.cc$" ${unity_sources})
if(WIN32)
  # Without it BoringSSL asks for ProcessPrng, which Wine 8 has not; with it for BCryptGenRandom,
  # which every Windows has.
  set_source_files_properties(${boringssl_dir}/crypto/rand/windows.cc PROPERTIES
    COMPILE_DEFINITIONS WINAPI_FAMILY=WINAPI_FAMILY_APP)
endif()
if(WIN32)
  set(system_libraries ws2_32 crypt32 bcrypt)
endif()
tpb_must_be_complete(boringssl ${system_libraries})

install(TARGETS boringssl ARCHIVE DESTINATION lib)
install(DIRECTORY ${boringssl_dir}/include/openssl DESTINATION include)
