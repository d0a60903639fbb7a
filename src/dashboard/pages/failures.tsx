/** Pages that say why something did not happen. */
/** @jsxImportSource hono/jsx */
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type Failure, refusalHeaders } from '../../failure.ts'
import type { Page } from '../site.ts'
import { show, showDoor } from '../view/layout.tsx'
import { To } from '../view/parts.tsx'

const TITLES: Readonly<Record<number, string>> = {
  401: 'Sign in first',
  408: 'Too slow',
  403: 'Not allowed',
  404: 'Nothing here',
  405: 'Not possible',
  413: 'Too large',
  429: 'Too often',
  500: 'Something is wrong here',
  503: 'Not now',
}

/** A page of its own, for whoever it is. */
export function showFailure(page: Page, why: Failure): Response | Promise<Response> {
  const head = {
    title: TITLES[why.status] ?? 'That did not work',
    status: why.status as ContentfulStatusCode,
  }
  tellWhen(page, why)
  const body = (
    <>
      <p>{sentence(why.message)}</p>
      <p>
        <To path="/">Go to the start</To>
      </p>
    </>
  )
  return page.var.visitor ? show(page, head, body) : showDoor(page, head, body)
}

/** Says when to come again, where that helps. */
export function tellWhen(page: Page, why: Failure | undefined): void {
  if (!why) return
  for (const [name, value] of Object.entries(refusalHeaders(why))) page.header(name, value)
}

/** Messages of failures are written to stand in the middle of a line. */
export function sentence(message: string): string {
  return `${message[0]?.toUpperCase() ?? ''}${message.slice(1)}${/[.!?]$/.test(message) ? '' : '.'}`
}
