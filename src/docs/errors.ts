/** A page for every error, cut from `errors.md`, where each has a heading `## <code or name>: <title>`. */
import errors from './errors.md' with { type: 'text' }
import { layout, render } from './pages.ts'

interface Entry {
  /** Ably's error code, or for clients of itty-sockets the name of the failure. */
  readonly code: string
  readonly title: string
  readonly text: string
}

/** Format of a page: HTML for browsers, Markdown for terminals. */
export type ErrorPageFormat = 'html' | 'markdown'

const HEADING = /^## (\w+): (.+)\n/

const [intro, ...sections] = errors.split(/^(?=## )/m)
const ENTRIES: ReadonlyMap<string, Entry> = new Map(
  sections.map((section) => {
    const [heading, code, title] = HEADING.exec(section)!
    return [code!, { code: code!, title: title!, text: section.slice(heading.length).trim() }]
  }),
)

/** All codes and names that have a page, in the order of the list. */
export const ERROR_CODES: readonly string[] = [...ENTRIES.keys()]

/** The page of a code, or undefined if there is none. */
export function errorPage(
  code: string,
  format: ErrorPageFormat,
  basePath: string,
): string | undefined {
  const entry = ENTRIES.get(code)
  return entry && written(`${code}: ${entry.title}`, entry.text, format, basePath)
}

/** All codes with their titles. */
export function errorIndex(format: ErrorPageFormat, basePath: string): string {
  const lines = Array.from(
    ENTRIES.values(),
    ({ code, title }) => `- [${code}](${basePath}/errors/${code}) ${title}`,
  )
  const text = `${intro!.replace(/^# .*\n/, '').trim()}\n\n${lines.join('\n')}`
  return written('Errors', text, format, basePath)
}

/** The page for an unknown code. */
export function missingError(format: ErrorPageFormat, basePath: string): string {
  const text = `None of this server's errors has this code. [The list](${basePath}/errors) has all that there are; an SDK has codes of its own, which no server sends.`
  return written('There is no such error', text, format, basePath)
}

function written(title: string, text: string, format: ErrorPageFormat, basePath: string): string {
  const page = `# ${title}\n\n${text}\n`
  return format === 'markdown'
    ? linked(page, basePath)
    : layout(title, render(page, basePath), basePath, 'errors')
}

/** Turns links to other files into addresses of this server, in Markdown too. */
function linked(text: string, basePath: string): string {
  return text.replaceAll(/\]\(([a-z]+)\.md(#[\w-]+)?\)/g, `](${basePath}/docs/$1$2)`)
}
