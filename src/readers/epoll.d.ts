/** The part of the package `epoll` that is used here; it brings no types of its own. */
declare module 'epoll' {
  class Epoll {
    static readonly EPOLLIN: number;
    constructor(callback: (error: Error | null, fd: number, events: number) => void);
    add(fd: number, events: number): this;
    remove(fd: number): this;
  }
  const binding: { readonly Epoll: typeof Epoll };

  export type { Epoll };
  export default binding;
}
