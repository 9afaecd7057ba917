#pragma once

#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/viz/made_up_run.hpp"

namespace made_up {

// Whether a page is XML, as a stranger's parser sees it.
inline bool well_formed(const std::string& page) {
  const Folder folder;
  std::ofstream(folder.file("page.xml"), std::ios::binary) << page;
  const std::string command =
      "python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' " +
      folder.file("page.xml") + " 2>/dev/null";
  return std::system(command.c_str()) == 0;
}

}  // namespace made_up
