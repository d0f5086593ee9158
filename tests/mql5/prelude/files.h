// Files below MQL5/Files, where programs are confined to.
#pragma once

#include "prelude/constants.h"
#include "prelude/format.h"

namespace mql5 {

int FileOpen(const string& name, int flags, short delimiter = '\t', uint codepage = CP_ACP);
void FileClose(int handle);
bool FileIsExist(const string& name, int common = 0);
bool FileDelete(const string& name, int common = 0);
bool FileMove(const string& from, int from_common, const string& to, int flags);
bool FolderCreate(const string& name, int common = 0);
bool FileIsEnding(int handle);
bool FileIsLineEnding(int handle);
ulong FileSize(int handle);
ulong FileTell(int handle);
bool FileSeek(int handle, long_t offset, ENUM_FILE_POSITION origin);
void FileFlush(int handle);
string FileReadString(int handle, int length = -1);
uint FileWriteString(int handle, const string& text, int length = -1);

uint write_values(int handle, Values values);

template <typename... A>
uint FileWrite(int handle, const A&... values) {
  return write_values(handle, {Value(values)...});
}

}  // namespace mql5
