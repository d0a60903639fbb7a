/** Names of the channels that pages read: the session, and the part of the dashboard that is shown. */
import { z } from 'zod'

export interface ViewName {
  readonly session: string
  /** Below `/dashboard`. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
}

/** The last one makes the name that of one page alone. The script writes it (`client/live-connection.ts`). */
const VIEW = z.tuple([z.string(), z.record(z.string(), z.string()), z.string()])

/** @returns undefined for a channel that names no view */
export function readViewName(channel: string): ViewName | undefined {
  const mark = channel.indexOf(':')
  const read = VIEW.safeParse(jsonIn(channel.slice(mark + 1)))
  if (mark < 0 || !read.success) return undefined
  const [path, query] = read.data
  return { session: channel.slice(0, mark), path, query }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
