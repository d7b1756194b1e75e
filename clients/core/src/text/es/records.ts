/** Español: what is written about a visit. */
import type { Part } from '../en.ts';

export const records: Part<'records'> = {
  'note.reason': 'Motivo',
  'note.history': 'Antecedentes',
  'note.findings': 'Hallazgos',
  'note.assessment': 'Valoración',
  'note.plan': 'Tratamiento',
  'note.unsaved': 'Aún sin guardar',
  'note.failing': 'Sin guardar. Su texto sigue aquí y se volverá a enviar solo.',
  'note.changed':
    'Esta nota se cambió en otra ventana. Su texto sigue aquí, pero no está guardado.',
  'note.other': 'Otra versión',
  'note.takeTheirs': 'Cargar la otra versión',
  'note.keepMine': 'Conservar mi texto',
  'note.sign': 'Firmar',
  'note.signTitle': '¿Firmar esta nota?',
  'note.signText':
    'Después será definitiva y el paciente podrá leerla. Todavía podrá añadirle algo.',
  'note.signed': 'Firmada el {when}',
  'note.leftOver':
    'La nota se firmó en otra ventana. Lo que usted escribió aquí no forma parte de ella:',
  'note.add': 'Añadir a la nota',
  'note.addSign': 'Firmar lo añadido',
  'note.added': 'Añadido el {when}',
  'note.blank': 'No se escribió nada.',

  'records.none': 'Todavía no hay nada que leer.',
  'records.prescribed': 'Recetado',
  'records.repeats': 'Repeticiones: {count}',
  'records.cancelled': 'Ya no es válida. {reason}',
};
