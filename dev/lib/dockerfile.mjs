// What the last stage of a Dockerfile says of its image. It must be made from nothing, of files of earlier stages.

const KNOWN = new Set(['FROM', 'COPY', 'USER', 'EXPOSE', 'LABEL', 'ENTRYPOINT', 'ARG', 'ENV', 'WORKDIR', 'RUN']);

/** `{ files: [{ from, to }], user, ports, labels, entrypoint }` */
export function readDockerfile(text) {
  const lines = text
    .replaceAll(/\\\n\s*/gu, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith('#'));
  const steps = lines.map((line) => ({ verb: line.split(/\s+/u)[0], rest: line.slice(line.indexOf(' ') + 1).trim() }));
  for (const { verb } of steps) if (!KNOWN.has(verb)) throw new Error(`${verb} is not known here`);
  const last = steps.findLastIndex(({ verb }) => verb === 'FROM');
  if (steps[last]?.rest !== 'scratch') throw new Error('the last stage must be FROM scratch');
  const image = { files: [], user: '', ports: [], labels: {}, entrypoint: [] };
  for (const { verb, rest } of steps.slice(last + 1)) {
    if (verb === 'USER') image.user = rest;
    else if (verb === 'EXPOSE') image.ports.push(...rest.split(/\s+/u));
    else if (verb === 'ENTRYPOINT') image.entrypoint = JSON.parse(rest);
    else if (verb === 'LABEL') for (const [, name, value] of rest.matchAll(/([\w.-]+)="([^"]*)"/gu)) image.labels[name] = value;
    else if (verb === 'COPY') {
      const [stage, from, to] = rest.split(/\s+/u);
      if (!stage.startsWith('--from=') || to === undefined) throw new Error(`COPY ${rest}: an image holds files of earlier stages only`);
      image.files.push({ from, to });
    } else throw new Error(`${verb} needs more than an empty image`);
  }
  return image;
}
