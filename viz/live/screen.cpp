#include "viz/live/screen.hpp"

#include <SFML/Graphics.hpp>
#include <SFML/OpenGL.hpp>
#include <algorithm>
#include <array>
#include <backends/imgui_impl_opengl3.h>
#include <cmath>
#include <filesystem>
#include <imgui.h>
#include <utility>

#include "viz/live/display.hpp"

namespace viz {
namespace {

constexpr const char* font_file = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
constexpr const char* bold_file = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf";
constexpr float small_px = 13, body_px = 15, large_px = 34;

// Latin, punctuation with narrow spaces and dashes, the euro, arrows and the minus sign.
constexpr std::array<ImWchar, 11> glyphs = {0x20,   0x24F,  0x2000, 0x206F, 0x20A0, 0x20CF,
                                            0x2190, 0x2193, 0x2212, 0x2212, 0};

// X11 tells no scale of its own that SFML passes on; displays with many lines have small dots.
float display_scale() {
  const auto lines = static_cast<float>(sf::VideoMode::getDesktopMode().height);
  return std::clamp(std::round(2 * lines / 1080) / 2, 1.0f, 3.0f);
}

ImFont* add_font(const char* file, float size) {
  ImGuiIO& io = ImGui::GetIO();
  std::error_code error;
  if (std::filesystem::exists(file, error))
    if (ImFont* font = io.Fonts->AddFontFromFileTTF(file, size, nullptr, glyphs.data()))
      return font;
  ImFontConfig config;  // without the font's package ImGui's own serves, in ASCII
  config.SizePixels = size;
  return io.Fonts->AddFontDefault(&config);
}

void set_colours(float scale) {
  ImGui::StyleColorsDark();
  ImGuiStyle& style = ImGui::GetStyle();
  style.WindowRounding = 0;
  style.WindowBorderSize = 0;
  style.FrameRounding = 5;
  style.GrabRounding = 4;
  style.FramePadding = {9, 6};
  style.ItemSpacing = {10, 7};
  style.WindowPadding = {18, 16};
  style.GrabMinSize = 14;
  style.ScaleAllSizes(scale);
  auto* colours = style.Colors;
  colours[ImGuiCol_Text] = {0.92f, 0.94f, 0.96f, 1};
  colours[ImGuiCol_TextDisabled] = {0.62f, 0.67f, 0.73f, 1};
  colours[ImGuiCol_WindowBg] = {0.105f, 0.13f, 0.165f, 1};
  colours[ImGuiCol_PopupBg] = {0.07f, 0.085f, 0.11f, 0.97f};
  colours[ImGuiCol_FrameBg] = {0.17f, 0.205f, 0.25f, 1};
  colours[ImGuiCol_FrameBgHovered] = {0.21f, 0.25f, 0.31f, 1};
  colours[ImGuiCol_FrameBgActive] = {0.24f, 0.29f, 0.36f, 1};
  colours[ImGuiCol_Button] = {0.17f, 0.33f, 0.50f, 1};
  colours[ImGuiCol_ButtonHovered] = {0.21f, 0.41f, 0.62f, 1};
  colours[ImGuiCol_ButtonActive] = {0.25f, 0.48f, 0.72f, 1};
  colours[ImGuiCol_SliderGrab] = {0.43f, 0.70f, 0.95f, 1};
  colours[ImGuiCol_SliderGrabActive] = {0.55f, 0.80f, 1.0f, 1};
  colours[ImGuiCol_Separator] = {0.22f, 0.26f, 0.32f, 1};
}

void map_keys(ImGuiIO& io) {
  io.KeyMap[ImGuiKey_Space] = sf::Keyboard::Space;
  io.KeyMap[ImGuiKey_LeftArrow] = sf::Keyboard::Left;
  io.KeyMap[ImGuiKey_RightArrow] = sf::Keyboard::Right;
  io.KeyMap[ImGuiKey_Enter] = sf::Keyboard::Enter;
  io.KeyMap[ImGuiKey_Escape] = sf::Keyboard::Escape;
  io.KeyMap[ImGuiKey_Backspace] = sf::Keyboard::Backspace;
  io.KeyMap[ImGuiKey_Delete] = sf::Keyboard::Delete;
}

void set_key(ImGuiIO& io, const sf::Event::KeyEvent& key, bool down) {
  if (key.code >= 0 && key.code < sf::Keyboard::KeyCount) io.KeysDown[key.code] = down;
  io.KeyCtrl = key.control;
  io.KeyShift = key.shift;
  io.KeyAlt = key.alt;
}

void pass_on(const sf::Event& event) {
  ImGuiIO& io = ImGui::GetIO();
  switch (event.type) {
    case sf::Event::MouseMoved:
      io.MousePos = {static_cast<float>(event.mouseMove.x), static_cast<float>(event.mouseMove.y)};
      break;
    case sf::Event::MouseLeft:
      io.MousePos = {-1e9f, -1e9f};
      break;
    case sf::Event::MouseButtonPressed:
    case sf::Event::MouseButtonReleased:
      if (event.mouseButton.button < 3)
        io.MouseDown[event.mouseButton.button] = event.type == sf::Event::MouseButtonPressed;
      break;
    case sf::Event::MouseWheelScrolled:
      io.MouseWheel += event.mouseWheelScroll.delta;
      break;
    case sf::Event::KeyPressed:
      set_key(io, event.key, true);
      break;
    case sf::Event::KeyReleased:
      set_key(io, event.key, false);
      break;
    case sf::Event::TextEntered:
      io.AddInputCharacter(event.text.unicode);
      break;
    default:
      break;
  }
}

}  // namespace

struct Screen::Surface {
  sf::RenderWindow window;  // one of the two is open
  sf::RenderTexture texture;
  bool on_screen = false;
  float scale = 1;
  Fonts fonts;
  sf::Clock clock;
  bool started = false;

  ~Surface() {
    if (!started) return;
    activate();
    ImGui_ImplOpenGL3_Shutdown();
    ImGui::DestroyContext();
  }
  void activate() { on_screen ? window.setActive(true) : texture.setActive(true); }
  sf::Vector2u size() const { return on_screen ? window.getSize() : texture.getSize(); }
  tl::expected<void, std::string> start();
};

tl::expected<void, std::string> Screen::Surface::start() {
  activate();
  IMGUI_CHECKVERSION();
  ImGui::CreateContext();
  started = true;
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.LogFilename = nullptr;
  map_keys(io);
  fonts.body = add_font(font_file, body_px * scale);
  fonts.small = add_font(font_file, small_px * scale);
  fonts.large = add_font(bold_file, large_px * scale);
  set_colours(scale);
  if (!ImGui_ImplOpenGL3_Init("#version 130"))
    return tl::unexpected(std::string("the display's OpenGL cannot draw the window"));
  return {};
}

Screen::Screen(std::unique_ptr<Surface> surface) : surface_(std::move(surface)) {}
Screen::Screen(Screen&&) noexcept = default;
Screen& Screen::operator=(Screen&&) noexcept = default;
Screen::~Screen() = default;

tl::expected<Screen, std::string> Screen::window(int width, int height, const std::string& title) {
  const auto display = Display::open();  // held until our own connection stands
  if (!display) return tl::unexpected(display.error());
  auto surface = std::make_unique<Surface>();
  surface->on_screen = true;
  surface->scale = display_scale();
  const auto dots = [&](int length) {
    return static_cast<unsigned>(static_cast<float>(length) * surface->scale);
  };
  surface->window.create(sf::VideoMode(dots(width), dots(height)),
                         sf::String::fromUtf8(title.begin(), title.end()));
  if (!surface->window.isOpen()) return tl::unexpected(std::string("no window can be opened"));
  surface->window.setVerticalSyncEnabled(true);
  surface->window.setFramerateLimit(60);
  if (auto started = surface->start(); !started) return tl::unexpected(started.error());
  return Screen(std::move(surface));
}

tl::expected<Screen, std::string> Screen::picture(int width, int height, float scale) {
  const auto display = Display::open();  // held until our own connection stands
  if (!display) return tl::unexpected(display.error());
  auto surface = std::make_unique<Surface>();
  surface->scale = scale;
  const auto dots = [&](int length) {
    return static_cast<unsigned>(static_cast<float>(length) * scale);
  };
  if (!surface->texture.create(dots(width), dots(height)))
    return tl::unexpected(std::string("the display's OpenGL cannot draw a picture"));
  if (auto started = surface->start(); !started) return tl::unexpected(started.error());
  return Screen(std::move(surface));
}

bool Screen::begin() {
  Surface& s = *surface_;
  if (s.on_screen) {
    sf::Event event;
    while (s.window.pollEvent(event)) {
      if (event.type == sf::Event::Closed) s.window.close();
      pass_on(event);
    }
    if (!s.window.isOpen()) return false;
  }
  s.activate();
  ImGuiIO& io = ImGui::GetIO();
  io.DisplaySize = {static_cast<float>(s.size().x), static_cast<float>(s.size().y)};
  io.DeltaTime = std::max(1e-4f, s.clock.restart().asSeconds());
  ImGui_ImplOpenGL3_NewFrame();
  ImGui::NewFrame();
  ImGui::PushFont(s.fonts.body);
  return true;
}

void Screen::end() {
  Surface& s = *surface_;
  ImGui::PopFont();
  ImGui::Render();
  s.activate();
  glViewport(0, 0, static_cast<int>(s.size().x), static_cast<int>(s.size().y));
  glClearColor(0.067f, 0.082f, 0.105f, 1);
  glClear(GL_COLOR_BUFFER_BIT);
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
  s.on_screen ? s.window.display() : s.texture.display();
}

float Screen::scale() const { return surface_->scale; }
const Fonts& Screen::fonts() const { return surface_->fonts; }
double Screen::frame_seconds() const { return static_cast<double>(ImGui::GetIO().DeltaTime); }

tl::expected<void, std::string> Screen::save(const std::string& path) const {
  // SFML takes the format from the name's end; the picture appears whole or not at all.
  const std::string made = path + ".part.png";
  std::error_code error;
  std::streambuf* const said = sf::err().rdbuf(nullptr);  // our message is enough
  const bool written = surface_->texture.getTexture().copyToImage().saveToFile(made);
  sf::err().rdbuf(said);
  if (written) {
    std::filesystem::rename(made, path, error);
    if (!error) return {};
  }
  std::error_code ignored;  // the failure that led here is what the caller is told
  std::filesystem::remove(made, ignored);
  return tl::unexpected(path + ": cannot be written");
}

}  // namespace viz
