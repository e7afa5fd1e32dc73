# find_package(miou) offers miou::miou, the shared library, and miou::static, the other one. The places are relative to
# this file.

get_filename_component(_miou_libdir "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
get_filename_component(_miou_include "${CMAKE_CURRENT_LIST_DIR}/@INCLUDE@" ABSOLUTE)

set(THREADS_PREFER_PTHREAD_FLAG ON)
include(CMakeFindDependencyMacro)
find_dependency(Threads)

if(NOT TARGET miou::miou)
  add_library(miou::miou SHARED IMPORTED)
  set_target_properties(miou::miou PROPERTIES
    IMPORTED_LOCATION "${_miou_libdir}/libmiou.so.@VERSION@"
    IMPORTED_SONAME "libmiou.so.@MAJOR@"
    INTERFACE_INCLUDE_DIRECTORIES "${_miou_include}"
    INTERFACE_LINK_LIBRARIES Threads::Threads)
  add_library(miou::static STATIC IMPORTED)
  set_target_properties(miou::static PROPERTIES
    IMPORTED_LOCATION "${_miou_libdir}/libmiou.a"
    INTERFACE_INCLUDE_DIRECTORIES "${_miou_include}"
    INTERFACE_LINK_LIBRARIES Threads::Threads)
endif()

unset(_miou_libdir)
unset(_miou_include)
