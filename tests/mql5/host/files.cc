#include "prelude/files.h"

#include <share.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>

#include "host/expert.h"
#include "host/settings.h"

namespace mql5 {
namespace {

namespace fs = std::filesystem;

struct OpenFile {
  std::FILE* stream;
  int flags;
  wchar_t delimiter;
  uint codepage;
};

std::mutex mutex;
std::map<int, OpenFile>& open_files() {
  static auto& files = *new std::map<int, OpenFile>;
  return files;
}

template <typename T>
T failed(int error, T result) {
  host::Expert::current()->last_error = error;
  return result;
}

// Programs stay in their folder: nothing absolute, no way up.
std::optional<fs::path> path_of(const string& name, int flags) {
  const fs::path relative(name.units());
  const bool leaves = relative.is_absolute() || relative.has_root_path() ||
                      name.units().find(L"..") != std::wstring::npos;
  if (name.units().empty() || leaves) return failed(ERR_WRONG_FILENAME, std::nullopt);
  const fs::path& data = host::settings().data_folder;
  return (flags & FILE_COMMON ? data / "Common" / "Files" : data / "MQL5" / "Files") / relative;
}

// Calls use(file); what it returns, or `otherwise` where there is no such file.
template <typename T, typename Use>
T with_file(int handle, T otherwise, Use use) {
  const std::lock_guard lock(mutex);
  const auto file = open_files().find(handle);
  if (file == open_files().end()) return failed(ERR_WRONG_FILEHANDLE, otherwise);
  return use(file->second);
}

int sharing(int flags) {
  const bool reads = flags & FILE_SHARE_READ, writes = flags & FILE_SHARE_WRITE;
  return reads && writes ? _SH_DENYNO : reads ? _SH_DENYWR : writes ? _SH_DENYRD : _SH_DENYRW;
}

std::string encoded(const OpenFile& file, const string& text) {
  if (file.flags & FILE_ANSI) {
    return file.codepage == CP_UTF8 ? utf8_of(text)
                                    : std::string(text.units().begin(), text.units().end());
  }
  return {reinterpret_cast<const char*>(text.units().data()), text.units().size() * 2};
}

// One unit of text as the file holds it; -1 at the end.
int next_unit(const OpenFile& file) {
  const int low = std::fgetc(file.stream);
  if ((file.flags & FILE_ANSI) || low == EOF) return low;
  const int high = std::fgetc(file.stream);
  return high == EOF ? EOF : high << 8 | low;
}

uint write_text(const OpenFile& file, const string& text) {
  if (!(file.flags & FILE_WRITE)) return failed(ERR_FILE_NOTTOWRITE, 0u);
  const std::string bytes = encoded(file, text);
  return static_cast<uint>(std::fwrite(bytes.data(), 1, bytes.size(), file.stream));
}

}  // namespace

int FileOpen(const string& name, int flags, short delimiter, uint codepage) {
  const auto path = path_of(name, flags);
  if (!path) return INVALID_HANDLE;
  const bool reads = flags & FILE_READ, writes = flags & FILE_WRITE;
  const bool exists = fs::exists(*path);
  if (!exists && !writes) return failed(ERR_CANNOT_OPEN_FILE, INVALID_HANDLE);
  if (writes) fs::create_directories(path->parent_path());
  const wchar_t* mode = !writes ? L"rb" : !reads ? L"wb" : exists ? L"r+b" : L"w+b";
  std::FILE* stream = _wfsopen(path->c_str(), mode, sharing(flags));
  if (stream == nullptr) return failed(ERR_CANNOT_OPEN_FILE, INVALID_HANDLE);
  const bool is_unicode = (flags & (FILE_TXT | FILE_CSV)) && !(flags & FILE_ANSI);
  if (is_unicode && (!exists || !reads)) std::fwrite("\xFF\xFE", 1, 2, stream);
  if (is_unicode && exists && reads && next_unit({stream, flags, 0, 0}) != 0xFEFF) {
    std::rewind(stream);
  }
  const std::lock_guard lock(mutex);
  static int newest_handle = 0;
  open_files()[++newest_handle] = {stream, flags, static_cast<wchar_t>(delimiter), codepage};
  ++host::Expert::current()->open_files;
  return newest_handle;
}

void FileClose(int handle) {
  with_file(handle, 0, [&](OpenFile& file) {
    std::fclose(file.stream);
    open_files().erase(handle);
    --host::Expert::current()->open_files;
    return 0;
  });
}

bool FileIsExist(const string& name, int common) {
  const auto path = path_of(name, common);
  return path && fs::is_regular_file(*path);
}

bool FileDelete(const string& name, int common) {
  const auto path = path_of(name, common);
  std::error_code error;
  return path && (fs::remove(*path, error) || failed(ERR_FILE_NOT_EXIST, false));
}

bool FileMove(const string& from, int from_common, const string& to, int flags) {
  const auto source = path_of(from, from_common), target = path_of(to, flags);
  if (!source || !target) return false;
  if (!fs::exists(*source)) return failed(ERR_FILE_NOT_EXIST, false);
  if (fs::exists(*target) && !(flags & FILE_REWRITE)) {
    return failed(ERR_FILE_CANNOT_REWRITE, false);
  }
  std::error_code error;
  fs::rename(*source, *target, error);
  return !error;
}

bool FolderCreate(const string& name, int common) {
  const auto path = path_of(name, common);
  std::error_code error;
  return path && (fs::create_directories(*path, error) || !error);
}

bool FileIsEnding(int handle) {
  return with_file(handle, true, [](OpenFile& file) {
    const int next = std::fgetc(file.stream);
    if (next != EOF) std::ungetc(next, file.stream);
    return next == EOF;
  });
}

bool FileIsLineEnding(int handle) {
  return with_file(handle, true, [](OpenFile& file) {
    const int next = std::fgetc(file.stream);
    if (next != EOF) std::ungetc(next, file.stream);
    return next == EOF || next == '\r' || next == '\n';
  });
}

ulong FileSize(int handle) {
  return with_file(handle, ulong{0}, [](OpenFile& file) {
    const auto at = _ftelli64(file.stream);
    _fseeki64(file.stream, 0, SEEK_END);
    const auto size = _ftelli64(file.stream);
    _fseeki64(file.stream, at, SEEK_SET);
    return static_cast<ulong>(size);
  });
}

ulong FileTell(int handle) {
  return with_file(handle, ulong{0},
                   [](OpenFile& file) { return static_cast<ulong>(_ftelli64(file.stream)); });
}

bool FileSeek(int handle, long_t offset, ENUM_FILE_POSITION origin) {
  return with_file(handle, false,
                   [&](OpenFile& file) { return _fseeki64(file.stream, offset, origin) == 0; });
}

void FileFlush(int handle) {
  with_file(handle, 0, [](OpenFile& file) { return std::fflush(file.stream); });
}

string FileReadString(int handle, int length) {
  return with_file(handle, string(), [&](OpenFile& file) {
    if (!(file.flags & FILE_READ)) return failed(ERR_FILE_NOTTOREAD, string());
    const bool is_text = file.flags & (FILE_TXT | FILE_CSV);
    std::string bytes;
    std::wstring units;
    for (int read = 0; is_text || read < length; ++read) {
      const int unit = next_unit(file);
      if (unit == EOF || (is_text && unit == '\n')) break;
      if (is_text && unit == '\r') continue;
      if ((file.flags & FILE_CSV) && unit == file.delimiter) break;
      bytes += static_cast<char>(unit);
      units += static_cast<wchar_t>(unit);
    }
    const bool is_utf8 = (file.flags & FILE_ANSI) && file.codepage == CP_UTF8;
    return is_utf8 ? text_of(bytes) : string(units);
  });
}

uint FileWriteString(int handle, const string& text, int length) {
  return with_file(handle, 0u, [&](OpenFile& file) {
    const string part =
        length < 0 ? text : string(text.units().substr(0, static_cast<std::size_t>(length)));
    return write_text(file, part);
  });
}

uint write_values(int handle, Values values) {
  return with_file(handle, 0u, [&](OpenFile& file) {
    string line;
    for (const Value& value : values) {
      if (&value != values.begin() && (file.flags & FILE_CSV)) {
        line += std::wstring(1, file.delimiter);
      }
      line += value.printed();
    }
    return write_text(file, line + L"\r\n");
  });
}

}  // namespace mql5
