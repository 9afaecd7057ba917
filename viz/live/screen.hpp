#pragma once
// What Dear ImGui draws on: a window with its events, or a picture in memory. SFML gives both, the
// OpenGL 3 renderer of ImGui draws; this joins the two.

#include <memory>
#include <string>
#include <tl/expected.hpp>

struct ImFont;

namespace viz {

struct Fonts {
  ImFont* small = nullptr;
  ImFont* body = nullptr;
  ImFont* large = nullptr;
};

class Screen {
 public:
  // `title` is UTF-8. Sizes are before the display's own scale. Without a display that can draw,
  // one message and nothing else.
  static tl::expected<Screen, std::string> window(int width, int height, const std::string& title);
  static tl::expected<Screen, std::string> picture(int width, int height, float scale);
  Screen(Screen&&) noexcept;
  Screen& operator=(Screen&&) noexcept;
  ~Screen();

  // False once the window was closed. Between begin() and end() ImGui may be used.
  bool begin();
  void end();

  float scale() const;  // 1 on an ordinary display, 2 on one with twice the dots
  const Fonts& fonts() const;
  double frame_seconds() const;  // real time since the frame before

  // The last frame of a picture() as PNG.
  tl::expected<void, std::string> save(const std::string& path) const;

 private:
  struct Surface;
  explicit Screen(std::unique_ptr<Surface> surface);
  std::unique_ptr<Surface> surface_;
};

}  // namespace viz
