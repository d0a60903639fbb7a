/** Lets every component know the request that it is drawn for, without handing it down through all of them. */
import { createContext, useContext } from 'hono/jsx'
import { type PageRequest, href } from '../page-request.ts'

export const PageContext = createContext<PageRequest | undefined>(undefined)

/** @throws outside of a page, which is a bug */
export function usePage(): PageRequest {
  const page = useContext(PageContext)
  if (!page) throw new Error('a component was drawn outside of a page')
  return page
}

/** The address of a page of the dashboard, such as `/reservations`. */
export function useHref(path: string): string {
  return href(usePage(), path)
}
