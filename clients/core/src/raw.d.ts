declare module '*?raw' {
  const text: string;
  // oxlint-disable-next-line import/no-default-export -- that is how it is imported
  export default text;
}
