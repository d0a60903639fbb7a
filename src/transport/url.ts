/** What Bun gives as the URL of a request, taken apart as it stands: strangers write it, and it need not be one. */

/**
 * Path, query and authority of what Bun gives as the URL, looked through once because every request comes by here.
 * Without a Host header that Bun can use it is a bare path, and the authority, which is host and port, is empty.
 */
export function splitUrl(url: string): [path: string, query: string, authority: string] {
  const scheme = url.startsWith('/') ? -1 : url.indexOf('://')
  const start = scheme < 0 ? 0 : url.indexOf('/', scheme + 3)
  if (start < 0) return ['/', '', url.slice(scheme + 3)]
  const authority = scheme < 0 ? '' : url.slice(scheme + 3, start)
  const hash = url.indexOf('#', start)
  const end = hash < 0 ? url.length : hash
  const mark = url.indexOf('?', start)
  if (mark < 0 || mark > end) return [url.slice(start, end), '', authority]
  return [url.slice(start, mark), url.slice(mark + 1, end), authority]
}
